## zh-Hant
