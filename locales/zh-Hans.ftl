## What every page may say

continue = 继续
cancel = 取消
or = 或
yes = 是
no = 否
sign-in = 登录
sign-out = 退出登录
log-in = 登录
try-again = 重试
switch-account = 切换账户
my-applications = 我的应用
start-page = 前往首页
copy = 复制
copied = 已复制
print = 打印
request-number = 请求编号
run-number = 跟踪编号
why = 原因（管理员）
not-you = 不是您？
signed-in-as = 已登录为 { $person }。
ask-for-access = 如果您需要使用 { $app }，请联系 { $brand } 的负责人，并告知下面的编号。
one-moment = 请稍候
press-button = 如果没有反应，请按下按钮。
sent-on = 正在跳转。
show = 显示
hide = 隐藏
show-password = 显示密码
hide-password = 隐藏密码
caps-lock = 大写锁定已开启。
needs-script = 此页面需要 JavaScript。登录则不需要。
duration-seconds = { $count ->
   *[other] { $count } 秒
}
duration-minutes = { $count ->
   *[other] { $count } 分钟
}
duration-hours = { $count ->
   *[other] { $count } 小时
}
duration-days = { $count ->
   *[other] { $count } 天
}

## Sign in

username-label = 用户名
email-label = 电子邮箱
upn-label = UPN
either = { $one }或{ $other }
password-label = 密码
enter-password = 输入密码
forgot-password = 忘记密码？
forgot-either = 忘记用户名或密码？
remember-me = 在此设备上记住我
use-security-key = 使用安全密钥
continue-with = 使用 { $source } 继续
no-account = 还没有账户？
sign-up = 注册
to-continue-to = 以继续访问 { $app }
stay-signed-in = 保持登录？
stay-signed-in-hint = 仅在没有其他人使用的设备上选择“是”。
are-you-a-person = 确认您是真人
person-needs-script = 此页面需要 JavaScript 来确认您是真人，但此浏览器已将其关闭。
person-failed = 验证未成功。请重新加载页面再试。
person-unreachable = 无法连接确认真人的服务。

## Passwords

strength-hint = 长比复杂更好：四五个互不相关的词就足够。
strength-short = 太短。
strength-weak = 弱。几分钟内即可猜出。
strength-fair = 一般。离线几天内即可猜出。
strength-strong = 强。离线猜出需要数年。
strength-very-strong = 非常强。离线猜出需要数百年。

## Second factors and passkeys

confirm-you = 确认是您本人
passkey-sign-in = 使用通行密钥登录
passkey-asks = 浏览器会要求您使用通行密钥或安全密钥。
passkey-use = 使用通行密钥
passkey-needs-script = 通行密钥需要 JavaScript，但此浏览器已将其关闭。
passkey-unsupported = 此浏览器不支持通行密钥，或页面不是通过 HTTPS 打开的。
passkey-exists = 该设备上已有您的通行密钥。请使用其他设备或已有的通行密钥。
passkey-address = 通行密钥无法在此地址使用。请通过域名和 HTTPS 打开页面。
passkey-not-made = 未创建通行密钥。您可以重试。
passkey-not-used = 未使用通行密钥。您可以重试。
passkey-browser-failed = 浏览器报告错误：{ $reason }
passkey-unknown = 此处没有这个通行密钥，可能已被移除。
passkey-refused = 此通行密钥未被接受。请重试。
passkey-set-up = 设置通行密钥
passkey-set-up-hint = 可用指纹、面容、PIN 或安全密钥登录。
passkey-set-up-where = 浏览器会询问保存位置：此设备、密码管理器、手机或安全密钥。您可以设置多个。
factor-set-up = 设置第二重验证
factor-set-up-hint = 在此登录只有密码还不够。请选择要使用的方式。
factor-recovery-code = 恢复代码
factor-recovery-code-hint = 每个代码只能使用一次。
factor-recovery-code-use = 使用恢复代码
factor-mail-code = 邮件中的验证码
factor-mail-code-use = 通过邮件获取验证码
factor-message-code = 短信中的验证码
factor-message-code-use = 通过短信获取验证码
factor-duo-code = Duo Mobile 验证码
factor-duo-use = 使用 Duo
factor-app-code = 身份验证器应用中的验证码
factor-app-use = 使用身份验证器应用
factor-sent-to = 已发送至 { $to }。
factor-code-wrong = 验证码错误或已使用。
factor-app-code-wrong = 验证码错误或已使用。请等待下一个。
factor-duo-refused = Duo 未接受此验证码。
factor-ask-phone = 在我的手机上确认
code-sent-to = 我们已将验证码发送至 { $to }。
send-code = 发送验证码
send-another-code = 重新发送验证码
use-another-address = 使用其他地址
use-another-number = 使用其他号码
mail-codes-set-up = 设置邮件验证码
mail-codes-set-up-hint = 今后登录时还需要发送到您邮箱的验证码。
mail-codes-address = 电子邮箱地址
text-codes-set-up = 设置短信验证码
text-codes-set-up-hint = 我们会向您的手机发送验证码，以确认号码属于您。
text-codes-number = 手机号码
text-codes-number-hint = 请包含国家代码，例如 +49 30 123456。
app-set-up = 设置身份验证器应用
app-set-up-hint = 今后登录时还需要手机上的验证码。
app-scan = 请用身份验证器应用扫描，例如 Google Authenticator、Aegis 或 1Password。
app-qr = 身份验证器应用的二维码
app-no-scan = 无法扫描？
app-type-key = 将此密钥输入应用，或
app-open = 在此设备上打开应用
app-code = 应用中的验证码
app-code-hint = 应用每 30 秒显示一个新的验证码。
duo-set-up = 设置 Duo
duo-set-up-hint = 今后登录时还需要在手机上确认。
duo-scan = 请用 Duo Mobile 应用扫描，然后继续。
duo-qr = Duo Mobile 的二维码
duo-open = 在此设备上打开 Duo Mobile
duo-waits = Duo 还不认识您的手机。请先用 Duo Mobile 扫描。
recovery-codes-keep = 保存恢复代码
recovery-codes-keep-hint = 当其他第二重验证方式不在手边时，每个代码可登录一次。
recovery-codes-print = 请打印这些代码或保存到密码管理器中。它们不会再次显示。
recovery-codes-saved = 我已保存

## Consent

consent-wants = 想知道您是谁
consent-new = { $what }（新增）
consent-nothing = 只会发送一个代表您的编号。
consent-back-to = 您将返回 { $target }。
consent-withdraw = 您可以在“设置”的“授权”中撤回。
consent-name = 您的姓名和用户名
consent-email = 您的电子邮箱地址
consent-groups = 您的群组
consent-away = 您不在时访问
consent-away-hint = 在您撤回之前不再询问

## Recovery and links

check-mail = 请查看邮箱
check-mail-confirm = 我们已向您输入的地址发送链接。请打开链接，确认地址属于您。
check-mail-recovery = 如果存在与输入内容相符的账户，带有链接的邮件正在发送。
check-mail-note = 链接在 { $duration }内有效，只能使用一次。您可以在其他浏览器中打开。
check-mail-again = 正在重新发送。请同时查看垃圾邮件文件夹。
send-it-again = 重新发送
link-signs-in = 此链接可让您登录一次。
link-works-once = 此链接只能使用一次。准备好后请继续。
link-expired = 此链接已失效
link-expired-why = 链接已使用、已过期，或不属于您当前登录的账户。请重新申请。

## The own account

delete-account = 删除您的账户？
delete-account-warning = 您的账户以及会话、令牌和第二重验证方式都将被删除。此操作无法撤销。
delete-account-do = 删除我的账户
asked-to-sign-out = 有请求要求您在此退出登录。
language-of-browser = 自动（浏览器的语言）

## Sign out

sign-out-question = 退出登录？
logged-out = 您已退出登录
logged-out-of = 您已退出 { $app }
still-signed-in = 您仍登录在 { $brand }。
log-out-of = 退出 { $brand }
log-back-into = 重新登录 { $app }
back-to-overview = 返回首页
signed-out = 已退出登录
signed-out-text = 您已退出登录。
signed-out-unregistered = 您已退出登录。请求要跳转的地址未由应用注册。
sign-out-asked-by = { $app } 请求您在此也退出登录。
sign-out-all-the-same = 您仍可在此退出登录。
sign-out-here = 仍在此退出登录
sign-out-not-understood = 无法理解退出登录请求
go-to = 前往 { $app }
go-on-to = 继续前往 { $app }
redirecting = 正在跳转…
redirecting-to-dots = 正在跳转到 { $app }…
signing-out = 正在退出登录
signing-out-text = 正在退出您的应用。
signed-out-everywhere = 您已在此处和各应用中退出登录。
signed-out-here = 已在此处退出登录
signed-out-not-all = 未能退出所有应用。
sign-out-asked = 已由您的浏览器请求退出登录
sign-out-open = 您可能仍在那里处于登录状态。
sign-out-trying = 尚未连接上。服务器会继续尝试几分钟。
sign-out-failed = 未能连接。您可能仍在那里处于登录状态。
open-it = 打开

## Refusals

open-denied = 您无法打开 { $app }
sign-in-denied = 您无法登录
go-on-denied = 您无法在此继续
denied-generic = 您的账户没有问题，只是此应用未对其开放。
denied-group = 您的账户没有问题，此应用仅供群组 { $groups } 使用。
denied-groups = 您的账户没有问题，此应用仅供以下群组使用：{ $groups }。
denied-rule = 不符合此规则（{ $rule }）。
denied-account = 此步骤不适用于您当前登录的账户。
denied-nobody = 您目前无法进行此步骤。
denied-passwords = 密码错误次数过多。请重新开始，或申请新密码。
set-up-finished = 安装已完成
set-up-finished-why = 已有管理员，此页面将保持关闭。
welcome-to = 欢迎使用 { $brand }
set-up-hint = 创建第一位管理员。之后此页面将永久关闭。
set-up-username = 您的用户名是 akadmin，以后可以更改。
insiders-only = 此界面仅供内部用户使用。
insiders-only-why = 您的账户没有问题。请通过应用自己的地址打开要使用的应用。
administrators-only = 此部分仅供管理员使用
administrators-only-why = 您的账户没有问题，只是在此无事可做。
no-address = 此应用没有可打开的地址。管理员可以为其设置启动 URL。
denied-permission = 访问被拒绝
denied-request = 请求已被拒绝。
denied-no-application = 找不到应用：此提供方尚未分配给任何应用。
denied-changed = 应用在此期间已被更改。
denied-saml-set-up = 此应用的登录设置不正确。
denied-rule-failed = 决定此步骤的规则失败或已被删除。请联系管理员查看。
denied-flow-changed = 管理员在您操作期间更改了此流程。
denied-server-updated = 服务器在您操作期间进行了更新。
denied-stage-deleted = 此步骤在您操作期间被删除。
denied-question-deleted = 此页面的一个问题已被删除。
denied-account-gone = 此账户已不存在。
denied-acting = 您正以他人身份操作。只有本人才能设置第二重验证。
denied-acting-delete = 您正以他人身份操作。只有本人才能删除账户。
denied-sign-in-first = 请先登录，再设置第二重验证。
denied-sign-in-first-delete = 请先登录，再删除账户。
denied-other-account = 此链接属于另一个账户。
denied-mail = 无法发送邮件。请联系管理员查看。
denied-no-factor = 未设置（允许的）第二重验证。
denied-invitation = 邀请无效或不存在
denied-invitation-signed-in = 您已有账户。要使用邀请，请先退出登录。
denied-set-up-done = 安装已经完成。请使用创建的账户登录。
denied-update = 无法保存账户。请稍后再试。

## Signing in by a source

source-refused = 无法使用 { $source } 登录
source-some = 此来源
source-unknown = 没有此来源，或其已停用。
source-acting = 您正以他人身份操作。只有本人才能关联身份。
source-connect = 关联 { $source }？
source-connect-text = 此后，在 { $source } 以您的身份登录的人将在此处登录为 { $user }。
source-connect-action = 关联
source-over = 用时过长、已经完成，或是在其他浏览器中开始的。请重新开始。
source-gone = 此来源在您登录期间被停用或删除。
source-unnamed = 来源没有说明您是谁。
source-rules = 此来源的规则不允许您进入。
source-unreadable = 此服务器的规则无法读取来源提供的关于您的信息。请管理员查看。
source-no-enrollment = 此来源不能用于创建账户。
source-no-flow = 配置的流程不存在。
source-connected-elsewhere = 此身份已关联其他账户，或您的账户已关联 { $source } 的其他身份。
source-somebody-else = 您在此登录的账户未关联此身份。请先退出登录，或在设置中关联。
source-denied = 使用 { $source } 的验证请求被拒绝。请使用您注册时的方式登录。
source-elsewhere = 此身份已关联其他账户，或在此期间被取消关联。
source-groups = 更新群组失败。请稍后重试。
source-not-waiting = 您正在进行的操作已经结束，或属于其他账户。请重新开始。
source-no-account = 没有找到此身份对应的账户。
source-missing = 来源不存在
certificate-missing = 需要证书，但未出示任何证书。
certificate-of-nobody = 没有与此证书对应的账户。
source-wrong = 此来源设置不正确。管理员可以在事件中找到原因。

## Connecting a device

device-title = 连接设备
device-text = 请输入设备上显示的代码。
device-code = 设备上的代码
device-code-help = 九位数字，有无空格均可。
device-unknown = 没有设备在等待此代码。请查看设备，它可能已显示新的代码。
device-sign-in = 要在设备上登录 { $app } 吗？
device-shows = 您面前的设备显示此代码吗？
device-warning = 持有该设备的人将以您的身份登录 { $app }。如果是别人发给您此代码或此页面的链接，请拒绝。
device-deny = 拒绝
device-allow = 允许
device-gone = 此代码已过期或已处理。请在设备上重新开始，它会显示新的代码。
device-acting = 您正在以他人身份操作。只有本人可以连接设备。
device-connected = 设备已连接
device-connected-text = 正在登录 { $app }。请回到设备；您可以关闭此页面。
device-refused = 已拒绝该设备
device-refused-text = 它不会从 { $app } 得到任何内容。您可以关闭此页面。
device-none = 此处不接受设备代码。管理员可以在品牌设置中选择设备代码流程。

## Pages about errors

not-found = 找不到页面
not-found-text = 此地址没有任何内容。
no-flow = 此地址没有流程。
too-much = 内容过多
too-much-text = 请返回并减少输入内容，或选择更小的文件。
busy = 同时登录的人数过多
busy-text = 请等待几秒后重试。
unavailable = 暂时不可用
unavailable-text = 服务器无法连接数据库。请等待几秒后重试。
broken = 出了点问题
broken-text = 这不是您的错。请稍后重试。
address-received = 收到的地址
request-error = 请求错误
client-id-error = 客户端 ID 错误
redirect-error = 重定向 URI 错误
not-found-short = 未找到
not-set-up = 未设置
begin-again = 请重新开始
begin-again-text = 登录 { $app } 用时过长或已经完成。请重新打开应用。
no-such-page = 您请求的页面不存在。
client-unknown = 服务器不认识将您带到这里的应用。应用负责人应将其 Client ID 与提供方页面上的进行比对。
redirect-missing = 应用没有说明要返回哪里。应用负责人应设置返回地址（redirect_uri）。
redirect-unregistered = 应用请求返回一个未注册的地址。应用负责人应将该地址原样添加到提供方的 Redirect URIs。
no-saml-application = 此处没有使用 SAML 登录的应用。地址是否正确？
saml-refused = { $name } 发来的消息无法接受。请重新开始；如果再次看到此页面，请将以下内容发给 { $name } 的管理人员。
saml-rule = 规则
saml-wrong = 问题

## What was wrong with an answer

error-name-and-password = 用户名与密码不匹配。请重试。
error-uid-empty = 请输入用户名或电子邮箱地址。
error-password-empty = 请输入密码。
error-code-empty = 请输入验证码。
error-not-right = 此内容不正确。
error-not-accepted = 这些内容未被接受。
error-password = 密码错误
error-failed = 登录失败。
error-page-too-old = 页面打开时间过长，或 Cookie 被阻止。请重试。
error-wait = { $seconds ->
   *[other] 尝试次数过多。请在 { $seconds } 秒后重试。
}
error-wait-one = 尝试次数过多。请在 1 秒后重试。
error-code = 验证码不匹配
error-code-limit = 目前无法发送更多验证码。请一小时后重试。
error-code-unsent = 无法发送验证码。请联系管理员查看。
error-message-unsent = 无法发送短信。请联系管理员查看。
error-message-refused = 短信服务商拒绝发送。
error-message-number = 无法向此号码发送短信。请检查号码。
error-number = 请输入包含国家代码的有效电话号码：+49 30 123456。
error-mail-limit = 已达到可发送的次数。请稍后重新开始。
error-required = 此字段必填。
error-blank = 此字段不能为空。
error-too-long = { $count ->
   *[other] 最多 { $count } 个字符。
}
error-integer = 请输入整数。
error-email = 请输入有效的电子邮箱地址。
error-date = 请按 YYYY-MM-DD 格式输入日期。
error-time = 请按 YYYY-MM-DDThh:mm 格式输入日期和时间。
error-file-too-large = 文件过大：最多 100 KB。
error-passwords-differ = 两次输入的密码不一致。
error-username-taken = 此用户名已被使用。
error-factor-code = 验证码无效。请检查设备时间后重试。
error-device = 设备无效
error-device-refused = 验证失败
error-device-type = 不允许此类设备。请联系 { $brand } 的管理员。
error-duo-denied = Duo 拒绝了访问
error-duo-waiting = 手机上尚无人响应。
error-duo-unavailable = 目前无法设置 Duo。请联系管理员查看。
error-duo-silent = Duo 没有响应。请重试。
error-duo-exists = 此设备已设置。
error-captcha-token = 验证失败
error-captcha = 人机验证的结果无效
error-captcha-retry = 人机验证的结果无效。请重试。
error-password-rules = 密码不符合规则。
error-password-weak = 密码太弱。
error-password-leaked = { $count ->
   *[other] 此密码出现在 { $count } 个公开列表中。
}
error-password-expired = 密码已过期。
error-password-short = 密码至少需要 8 个字符。
error-change-username = 您不能更改用户名。
error-change-name = 您不能更改姓名。
error-change-email = 您不能更改电子邮箱地址。

## Shipped texts of stored objects

shipped-choose-username = 欢迎使用 { $brand }！请选择用户名。
shipped-change-password = 更改密码
shipped-redirecting = 正在跳转到 { $app }
shipped-update-info = 更新您的信息
shipped-logged-out = 您已退出 { $app }。
shipped-invalidation = 退出登录
shipped-reset-password = 重置密码
shipped-delete-account = 删除您的账户
shipped-name = 姓名
shipped-locale = 语言
shipped-password-repeat = 密码（再次输入）
shipped-admin-email = 管理员电子邮箱
shipped-scope-email = 电子邮箱地址
shipped-scope-profile = 基本个人资料
shipped-scope-entitlements = 应用中的权限
shipped-scope-offline = 无需您参与即可申请新令牌
shipped-scope-api = 代表您访问 API
shipped-scope-groups = 所属群组
shipped-scope-github-user = GitHub 兼容：访问您的用户信息
shipped-scope-github-email = GitHub 兼容：访问您的邮箱地址
shipped-scope-github-groups = GitHub 兼容：访问您的群组

## Help

help = 帮助
help-your-settings = 您的设置
help-password = 我忘记了密码
help-password-answer = 在登录页面选择“忘记密码？”。如果没有该选项，管理员可以向您发送链接。
help-lost = 我的手机或安全密钥丢失了
help-lost-answer = 请使用恢复代码登录。如果没有，请让管理员从您的账户中移除丢失的设备。
help-attempts = 提示尝试次数过多
help-attempts-answer = 请按提示的时间等待。在您曾登录过的浏览器中，他人无法让您等待。
help-refused = 应用不让我进入
help-refused-answer = 页面会说明原因。请将页面底部的编号告知管理员，管理员可以查看判断过程。
help-data = 我想查看或更改保存的个人信息
help-data-answer = 请打开设置：其中有您的信息、设备、会话和授权。

## Mails

mail-hello = { $name }，您好：
mail-sent-by = 由 { $product } 发送。
mail-link-once = 链接在 { $duration }内有效，只能使用一次。
mail-confirm-subject = 确认您的邮箱地址
mail-confirm-welcome = 欢迎！
mail-confirm-text = 请确认此地址属于您，之后即可使用账户：
mail-confirm-do = 确认地址
mail-confirm-otherwise = 如果您没有申请账户，无需任何操作。
mail-reset-subject = 设置新密码
mail-reset-text = 有人为您的账户 { $username } 申请了新密码。如果是您本人，请在此设置：
mail-reset-otherwise = 如果不是您本人，无需任何操作：密码不会改变。
mail-code-subject = 您的登录验证码
mail-code-text = 您的验证码是：
mail-code-once = 在 { $duration }内有效，只能使用一次。
mail-code-otherwise = 请勿告知任何人。如果您没有申请，说明有人知道您的密码，请更改密码。
mail-factor-added-subject = 您的账户添加了第二重验证
mail-factor-removed-subject = 您的账户移除了第二重验证
mail-factor-added = 您的账户 { $username } 添加了第二重验证：
mail-factor-removed = 您的账户 { $username } 移除了第二重验证：
mail-factor-by = 操作人：{ $by }。
mail-factor-by-from = 操作人：{ $by }，来自 { $address }。
mail-factor-from = 操作来自 { $address }。
mail-factor-otherwise = 如果是您本人操作或您知情，无需任何操作。否则请更改密码并检查第二重验证方式，或请管理员锁定账户。
mail-notification = { $product } 通知：{ $what }
mail-severity = 严重程度
mail-for = 收件人
mail-by = 操作者
mail-about = 相关用户
mail-notice = 提示
mail-warning = 警告
mail-alert = 警报
mail-sent-over = 由 { $product } 通过 { $transport } 发送。
class-static = 恢复代码
class-totp = 身份验证器应用
class-webauthn = 通行密钥或安全密钥
class-duo = Duo
class-sms = 短信验证码
class-email = 邮件验证码

## The library and the person's settings

ui-my-applications = 我的应用
ui-settings = 设置
ui-admin-interface = 管理界面
ui-sign-out = 退出登录
ui-sign-in = 登录
ui-main = 主菜单
ui-loading = 正在加载
ui-reload = 重新加载
ui-find = 查找应用
ui-no-apps = 还没有应用
ui-no-apps-admin = 创建第一个应用后，所有可以打开它的人都会在此看到。
ui-no-apps-user = 还没有向您开放任何应用。请联系管理员。
ui-create-app = 创建新应用
ui-applications = 应用
ui-no-address = 没有可打开的地址
ui-edit = 编辑
ui-edit-it = 编辑 { $name }
ui-nothing-matches = 没有与“{ $text }”匹配的内容
ui-requests = 应用程序请求您登录
ui-request = { $application } 请求您登录
ui-request-answer = 答复
ui-details = 您的信息
ui-username = 用户名
ui-name = 姓名
ui-email = 电子邮箱
ui-groups = 群组
ui-none = 无
ui-ways = 登录方式
ui-password = 密码
ui-password-hint = 如果他人可能知道密码，请更改。
ui-change-password = 更改密码
ui-mfa = 第二重验证
ui-enroll = 添加
ui-mfa-empty = 还没有。启用第二重验证后，仅凭盗取的密码无法以您的身份登录。
ui-sources = 已关联的账户
ui-sources-text = 可用来在此登录的其他网站账户。
ui-connect = 关联
ui-connected = 已关联
ui-disconnect = 取消关联
ui-disconnect-from = 取消关联 { $source }
ui-disconnect-text = 重新关联之前，您无法使用 { $source } 登录。
ui-disconnected = 已取消关联 { $source }。
ui-not-set-up = 未设置
ui-set-up-when = 设置于 { $when }
ui-used-when = 使用于 { $when }
ui-never-used = 从未使用
ui-ends-when = 到期：{ $when }
ui-endless = 永不过期
ui-rename = 重命名
ui-rename-it = 重命名 { $name }
ui-name-hint = 便于区分。
ui-delete = 删除
ui-delete-it = 删除 { $name }
ui-deleted = 已删除 { $name }。
ui-device-gone = 您将无法再用它登录。此操作无法撤销，但可以重新设置。
ui-save = 保存
ui-cancel = 取消
ui-close = 关闭
ui-create = 创建
ui-sessions = 会话
ui-sign-out-elsewhere = 退出其他所有登录
ui-sign-out-elsewhere-text = 您登录的其他所有浏览器和设备都将退出，应用通过它们获得的访问权限也会终止。当前会话保留。
ui-sessions-ended = { $count ->
   *[other] 已结束 { $count } 个会话。
}
ui-nowhere-else = 您没有在其他地方登录。
ui-browser-on = { $system } 上的 { $browser }
ui-unknown-browser = 未知浏览器
ui-current-session = 当前会话
ui-end = 结束
ui-end-session = 结束 { $name } 的会话
ui-end-session-text = 该浏览器将退出登录，应用通过它获得的访问权限也会终止。
ui-no-session = 没有会话。
ui-tokens = 令牌和应用密码
ui-create-token = 创建令牌
ui-create-app-password = 创建应用密码
ui-token = 令牌
ui-app-password = 应用密码
ui-token-created = 已创建。请从列表中复制。
ui-no-tokens = 无。令牌让程序代您使用 API；应用密码用于无法显示页面的登录。
ui-token-gone = 使用它的程序将无法再以您的身份登录。此操作无法撤销。
ui-identifier = 标识
ui-identifier-hint = 便于您查找的名称。
ui-identifier-wrong = 只能使用字母、数字、- 和 _。
ui-identifier-taken = 您已有同名的一个。
ui-description = 说明
ui-copy = 复制
ui-copy-it = 复制 { $name }
ui-copied = 已复制
ui-copy-by-hand = 请选中并复制
ui-consent = 授权
ui-application = 应用
ui-no-details = 无详细信息
ui-withdraw = 撤回
ui-withdraw-from = 撤回对 { $app } 的授权
ui-withdraw-text = 下次打开时，{ $app } 会再次询问。
ui-withdrawn = 已撤回对 { $app } 的授权。
ui-no-consent = 您没有允许任何应用获取您的信息。
ui-delete-account = 删除账户
ui-delete-account-text = 您的账户以及会话、令牌和第二重验证方式都将被删除。
ui-colours = 颜色
ui-colours-system = 跟随系统
ui-colours-light = 浅色
ui-colours-dark = 深色
ui-colours-switch = 颜色：{ $now }。切换为：{ $next }
ui-account-of = { $initials }，{ $username } 的账户
ui-notifications = 通知
ui-notifications-unread = 通知，{ $count } 条未读
ui-no-notifications = 没有新通知。通知规则向您发送的内容会显示在此处。
ui-notice = 提示
ui-warning = 警告
ui-alert = 警报
ui-show-event = 查看事件
ui-mark-seen = 标为已读
ui-clear-all = 全部清除
ui-acting = 您是 { $original }，正以 { $username } 的身份操作。
ui-stop-acting = 停止以此人身份操作
ui-session-ended = 您的会话已结束
ui-confirm-you = 确认是您本人
ui-other-person = 您已登录为 { $other }，但此页面属于 { $name }。请退出并登录为 { $name }，或重新加载页面以 { $other } 的身份继续。
ui-prove = 这会更改登录方式，请再登录一次。您返回后即会完成。
ui-sign-in-again = 请重新登录为 { $name } 以继续。您输入的内容仍在，返回后即会发送。
ui-blocked = 浏览器没有打开窗口。请在另一个标签页中打开此服务器，登录后返回。
ui-waiting = 正在等待您在另一个窗口中登录。
ui-reload-page = 重新加载页面
ui-sign-out-person = 退出 { $name }
ui-not-now = 以后再说
ui-not-proved = 由于您没有再次登录，未作任何更改。
ui-not-signed-in = 您没有重新登录。输入的内容仍在。
ui-not-found = 未找到
ui-not-loaded = 无法加载
ui-go-back = 返回
ui-try-again = 重试
ui-dismiss = 关闭
ui-fields-wrong = 部分字段需要检查。
ui-error-denied = 您不能执行此操作。请向管理员申请权限。
ui-error-gone = 此内容已不存在。
ui-error-changed = 其他人在此期间更改了此内容。请重新加载后重试。
ui-error-often = 请求过多。请稍候再试。
ui-error-busy = 服务器繁忙或尚未就绪。请稍后重试。
ui-error-other = 服务器返回错误（{ $status }）。原因见其日志。
ui-unreachable = 无法连接服务器。请检查网络后重试。
ui-signed-in = 您已登录
ui-signed-in-text = 请关闭此窗口，在另一个窗口中继续。您输入的内容仍在。
ui-now = 刚刚
ui-soon = 即将
