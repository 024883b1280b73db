## zh-Hans
