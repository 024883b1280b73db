## What every page may say

continue = 繼續
cancel = 取消
or = 或
yes = 是
no = 否
sign-in = 登入
sign-out = 登出
log-in = 登入
try-again = 重試
switch-account = 切換帳號
my-applications = 我的應用程式
start-page = 前往首頁
copy = 複製
copied = 已複製
print = 列印
request-number = 要求編號
run-number = 跟蹤編號
why = 原因（管理員）
not-you = 不是您？
signed-in-as = 已登入為 { $person }。
ask-for-access = 如果您需要使用 { $app }，請聯絡 { $brand } 的負責人，並告知下面的編號。
one-moment = 請稍候
press-button = 如果沒有反應，請按下按鈕。
sent-on = 正在跳轉。
show = 顯示
hide = 隱藏
show-password = 顯示密碼
hide-password = 隱藏密碼
caps-lock = 大寫鎖定已開啟。
needs-script = 此頁面需要 JavaScript。登入則不需要。
duration-seconds = { $count ->
   *[other] { $count } 秒
}
duration-minutes = { $count ->
   *[other] { $count } 分鐘
}
duration-hours = { $count ->
   *[other] { $count } 小時
}
duration-days = { $count ->
   *[other] { $count } 天
}

## Sign in

username-label = 使用者名稱
email-label = 電子郵件
upn-label = UPN
either = { $one }或{ $other }
password-label = 密碼
enter-password = 輸入密碼
forgot-password = 忘記密碼？
forgot-either = 忘記使用者名稱或密碼？
remember-me = 在此裝置上記住我
use-security-key = 使用安全金鑰
continue-with = 使用 { $source } 繼續
no-account = 還沒有帳號？
sign-up = 註冊
to-continue-to = 以繼續使用 { $app }
stay-signed-in = 保持登入？
stay-signed-in-hint = 僅在沒有其他人使用的裝置上選擇「是」。
are-you-a-person = 確認您是真人
person-needs-script = 此頁面需要 JavaScript 來確認您是真人，但此瀏覽器已將其關閉。
person-failed = 驗證未成功。請重新載入頁面再試。
person-unreachable = 無法連接確認真人的服務。

## Passwords

strength-hint = 長比複雜更好：四五個互不相關的詞就足夠。
strength-short = 太短。
strength-weak = 弱。幾分鐘內即可猜出。
strength-fair = 一般。離線幾天內即可猜出。
strength-strong = 強。離線猜出需要數年。
strength-very-strong = 非常強。離線猜出需要數百年。

## Second factors and passkeys

confirm-you = 確認是您本人
passkey-sign-in = 使用通行金鑰登入
passkey-asks = 瀏覽器會要求您使用通行金鑰或安全金鑰。
passkey-use = 使用通行金鑰
passkey-needs-script = 通行金鑰需要 JavaScript，但此瀏覽器已將其關閉。
passkey-unsupported = 此瀏覽器不支援通行金鑰，或頁面不是透過 HTTPS 開啟的。
passkey-exists = 該裝置上已有您的通行金鑰。請使用其他裝置或已有的通行金鑰。
passkey-address = 通行金鑰無法在此地址使用。請透過網域名稱和 HTTPS 開啟頁面。
passkey-not-made = 未建立通行金鑰。您可以重試。
passkey-not-used = 未使用通行金鑰。您可以重試。
passkey-browser-failed = 瀏覽器報告錯誤：{ $reason }
passkey-unknown = 此處沒有這個通行金鑰，可能已被移除。
passkey-refused = 此通行金鑰未被接受。請重試。
passkey-set-up = 設定通行金鑰
passkey-set-up-hint = 可用指紋、臉部、PIN 或安全金鑰登入。
passkey-set-up-where = 瀏覽器會詢問儲存位置：此裝置、密碼管理員、手機或安全金鑰。您可以設定多個。
factor-set-up = 設定第二重驗證
factor-set-up-hint = 在此登入只有密碼還不夠。請選擇要使用的方式。
factor-recovery-code = 復原碼
factor-recovery-code-hint = 每個代碼只能使用一次。
factor-recovery-code-use = 使用復原碼
factor-mail-code = 郵件中的驗證碼
factor-mail-code-use = 透過郵件取得驗證碼
factor-message-code = 簡訊中的驗證碼
factor-message-code-use = 透過簡訊取得驗證碼
factor-duo-code = Duo Mobile 驗證碼
factor-duo-use = 使用 Duo
factor-app-code = 驗證器應用程式中的驗證碼
factor-app-use = 使用驗證器應用程式
factor-sent-to = 已傳送至 { $to }。
factor-code-wrong = 驗證碼錯誤或已使用。
factor-app-code-wrong = 驗證碼錯誤或已使用。請等待下一個。
factor-duo-refused = Duo 未接受此驗證碼。
factor-ask-phone = 在我的手機上確認
code-sent-to = 我們已將驗證碼傳送至 { $to }。
send-code = 傳送驗證碼
send-another-code = 重新傳送驗證碼
use-another-address = 使用其他地址
use-another-number = 使用其他號碼
mail-codes-set-up = 設定郵件驗證碼
mail-codes-set-up-hint = 今後登入時還需要傳送到您信箱的驗證碼。
mail-codes-address = 電子郵件地址
text-codes-set-up = 設定簡訊驗證碼
text-codes-set-up-hint = 我們會向您的手機傳送驗證碼，以確認號碼屬於您。
text-codes-number = 手機號碼
text-codes-number-hint = 請包含國家代碼，例如 +49 30 123456。
app-set-up = 設定驗證器應用程式
app-set-up-hint = 今後登入時還需要手機上的驗證碼。
app-scan = 請用驗證器應用程式掃描，例如 Google Authenticator、Aegis 或 1Password。
app-qr = 驗證器應用程式的QR Code
app-no-scan = 無法掃描？
app-type-key = 將此金鑰輸入應用程式，或
app-open = 在此裝置上開啟應用程式
app-code = 應用程式中的驗證碼
app-code-hint = 應用程式每 30 秒顯示一個新的驗證碼。
duo-set-up = 設定 Duo
duo-set-up-hint = 今後登入時還需要在手機上確認。
duo-scan = 請用 Duo Mobile 應用程式掃描，然後繼續。
duo-qr = Duo Mobile 的QR Code
duo-open = 在此裝置上開啟 Duo Mobile
duo-waits = Duo 還不認識您的手機。請先用 Duo Mobile 掃描。
recovery-codes-keep = 儲存復原碼
recovery-codes-keep-hint = 當其他第二重驗證方式不在手邊時，每個代碼可登入一次。
recovery-codes-print = 請列印這些代碼或儲存到密碼管理員中。它們不會再次顯示。
recovery-codes-saved = 我已儲存

## Consent

consent-wants = 想知道您是誰
consent-new = { $what }（新增）
consent-nothing = 只會傳送一個代表您的編號。
consent-back-to = 您將返回 { $target }。
consent-withdraw = 您可以在「設定」的「授權」中撤回。
consent-name = 您的姓名和使用者名稱
consent-email = 您的電子郵件地址
consent-groups = 您的群組
consent-away = 您不在時存取
consent-away-hint = 在您撤回之前不再詢問

## Recovery and links

check-mail = 請檢視您的信箱
check-mail-confirm = 我們已向您輸入的地址傳送連結。請開啟連結，確認地址屬於您。
check-mail-recovery = 如果存在與輸入內容相符的帳號，帶有連結的郵件正在傳送。
check-mail-note = 連結在 { $duration }內有效，只能使用一次。您可以在其他瀏覽器中開啟。
check-mail-again = 正在重新傳送。請同時檢視垃圾郵件資料夾。
send-it-again = 重新傳送
link-signs-in = 此連結可讓您登入一次。
link-works-once = 此連結只能使用一次。準備好後請繼續。
link-expired = 此連結已失效
link-expired-why = 連結已使用、已過期，或不屬於您當前登入的帳號。請重新申請。

## The own account

delete-account = 刪除您的帳號？
delete-account-warning = 您的帳號以及工作階段、權杖和第二重驗證方式都將被刪除。此操作無法撤銷。
delete-account-do = 刪除我的帳號
asked-to-sign-out = 有要求要求您在此登出。
language-of-browser = 自動（瀏覽器的語言）

## Sign out

sign-out-question = 登出？
logged-out = 您已登出
logged-out-of = 您已登出 { $app }
still-signed-in = 您仍登入在 { $brand }。
log-out-of = 登出 { $brand }
log-back-into = 重新登入 { $app }
back-to-overview = 回到首頁
signed-out = 已登出
signed-out-text = 您已登出。
signed-out-unregistered = 您已登出。要求要跳轉的地址未由應用程式註冊。
sign-out-asked-by = { $app } 要求您在此也登出。
sign-out-all-the-same = 您仍可在此登出。
sign-out-here = 仍在此登出
sign-out-not-understood = 無法理解登出要求
go-to = 前往 { $app }
go-on-to = 繼續前往 { $app }
redirecting = 正在跳轉…
redirecting-to-dots = 正在跳轉到 { $app }…
signing-out = 正在登出
signing-out-text = 正在登出您的應用程式。
signed-out-everywhere = 您已在此處和各應用程式登出。
signed-out-here = 已在此處登出
signed-out-not-all = 未能登出所有應用程式。
sign-out-asked = 已由您的瀏覽器要求登出
sign-out-open = 您在那裡可能仍是登入狀態。
sign-out-trying = 尚未連上。伺服器會繼續嘗試幾分鐘。
sign-out-failed = 無法連上。您在那裡可能仍是登入狀態。
open-it = 開啟

## Refusals

open-denied = 您無法開啟 { $app }
sign-in-denied = 您無法登入
go-on-denied = 您無法在此繼續
denied-generic = 您的帳號沒有問題，只是此應用程式未對其開放。
denied-group = 您的帳號沒有問題，此應用程式僅供群組 { $groups } 使用。
denied-groups = 您的帳號沒有問題，此應用程式僅供以下群組使用：{ $groups }。
denied-rule = 不符合此規則（{ $rule }）。
denied-account = 此步驟不適用於您當前登入的帳號。
denied-nobody = 您目前無法進行此步驟。
denied-passwords = 密碼錯誤次數過多。請重新開始，或申請新密碼。
set-up-finished = 安裝已完成
set-up-finished-why = 已有管理員，此頁面將保持關閉。
welcome-to = 歡迎使用 { $brand }
set-up-hint = 建立第一位管理員。之後此頁面將永久關閉。
set-up-username = 您的使用者名稱是 akadmin，以後可以更改。
insiders-only = 此介面僅供內部使用者使用。
insiders-only-why = 您的帳號沒有問題。請透過應用程式自己的地址開啟要使用的應用程式。
administrators-only = 此部分僅供管理員使用
administrators-only-why = 您的帳號沒有問題，只是在此無事可做。
no-address = 此應用程式沒有可開啟的地址。管理員可以為其設定啟動 URL。
denied-permission = 存取被拒絕
denied-request = 要求已被拒絕。
denied-no-application = 找不到應用程式：此提供者尚未分配給任何應用程式。
denied-changed = 應用程式在此期間已被更改。
denied-saml-set-up = 此應用程式的登入設定不正確。
denied-rule-failed = 決定此步驟的規則失敗或已被刪除。請聯絡管理員檢視。
denied-flow-changed = 管理員在您操作期間更改了此流程。
denied-server-updated = 伺服器在您操作期間進行了更新。
denied-stage-deleted = 此步驟在您操作期間被刪除。
denied-question-deleted = 此頁面的一個問題已被刪除。
denied-account-gone = 此帳號已不存在。
denied-acting = 您正以他人身分操作。只有本人才能設定第二重驗證。
denied-acting-delete = 您正以他人身分操作。只有本人才能刪除帳號。
denied-sign-in-first = 請先登入，再設定第二重驗證。
denied-sign-in-first-delete = 請先登入，再刪除帳號。
denied-other-account = 此連結屬於另一個帳號。
denied-mail = 無法傳送郵件。請聯絡管理員檢視。
denied-no-factor = 未設定（允許的）第二重驗證。
denied-invitation = 邀請無效或不存在
denied-invitation-signed-in = 您已有帳號。要使用邀請，請先登出。
denied-set-up-done = 安裝已經完成。請使用建立的帳號登入。
denied-update = 無法儲存帳號。請稍後再試。

## Signing in by a source

source-refused = 無法使用 { $source } 登入
source-some = 此來源
source-unknown = 沒有此來源，或其已停用。
source-acting = 您正以他人身分操作。只有本人才能連結身分。
source-connect = 連結 { $source }？
source-connect-text = 此後，在 { $source } 以您的身分登入的人將在此處登入為 { $user }。
source-connect-action = 連結
source-over = 花費時間過長、已經完成，或是在其他瀏覽器中開始的。請重新開始。
source-gone = 此來源在您登入期間被停用或刪除。
source-unnamed = 來源沒有說明您是誰。
source-rules = 此來源的規則不允許您進入。
source-unreadable = 此伺服器的規則無法讀取來源提供的關於您的資訊。請管理員查看。
source-no-enrollment = 此來源不能用於建立帳號。
source-no-flow = 設定的流程不存在。
source-connected-elsewhere = 此身分已連結其他帳號，或您的帳號已連結 { $source } 的其他身分。
source-somebody-else = 您在此登入的帳號未連結此身分。請先登出，或在設定中連結。
source-denied = 使用 { $source } 的驗證請求遭拒。請使用您註冊時的方式登入。
source-elsewhere = 此身分已連結其他帳號，或在此期間被取消連結。
source-groups = 更新群組失敗。請稍後再試。
source-not-waiting = 您正在進行的操作已經結束，或屬於其他帳號。請重新開始。
source-no-account = 找不到此身分對應的帳號。
source-missing = 來源不存在
certificate-missing = 需要憑證，但未出示任何憑證。
certificate-of-nobody = 沒有與此憑證對應的帳戶。
source-wrong = 此來源設定不正確。管理員可以在事件中找到原因。

## Connecting a device

device-title = 連接裝置
device-text = 請輸入裝置上顯示的代碼。
device-code = 裝置上的代碼
device-code-help = 九位數字，有無空格皆可。
device-unknown = 沒有裝置在等待此代碼。請查看裝置，可能已顯示新的代碼。
device-sign-in = 要在裝置上登入 { $app } 嗎？
device-shows = 您面前的裝置顯示此代碼嗎？
device-warning = 持有該裝置的人將以您的身分登入 { $app }。如果是別人傳給您此代碼或此頁面的連結，請拒絕。
device-deny = 拒絕
device-allow = 允許
device-gone = 此代碼已過期或已處理。請在裝置上重新開始，會顯示新的代碼。
device-acting = 您正在以他人身分操作。只有本人可以連接裝置。
device-connected = 裝置已連接
device-connected-text = 正在登入 { $app }。請回到裝置；您可以關閉此頁面。
device-refused = 已拒絕該裝置
device-refused-text = 它不會從 { $app } 取得任何內容。您可以關閉此頁面。
device-none = 此處不接受裝置代碼。管理員可以在品牌設定中選擇裝置代碼流程。

## Pages about errors

not-found = 找不到頁面
not-found-text = 此地址沒有任何內容。
no-flow = 此地址沒有流程。
too-much = 內容過多
too-much-text = 請返回並減少輸入內容，或選擇更小的檔案。
busy = 同時登入的人數過多
busy-text = 請等待幾秒後重試。
unavailable = 暫時不可用
unavailable-text = 伺服器無法連接資料庫。請等待幾秒後重試。
broken = 出了點問題
broken-text = 這不是您的錯。請稍後重試。
address-received = 收到的地址
request-error = 要求錯誤
client-id-error = 用戶端 ID 錯誤
redirect-error = 重新導向 URI 錯誤
not-found-short = 未找到
not-set-up = 未設定
begin-again = 請重新開始
begin-again-text = 登入 { $app } 用時過長或已經完成。請重新開啟應用程式。
no-such-page = 您要求的頁面不存在。
client-unknown = 伺服器不認識將您帶到這裡的應用程式。應用程式負責人應將其 Client ID 與提供者頁面上的進行比對。
redirect-missing = 應用程式沒有說明要返回哪裡。應用程式負責人應設定返回地址（redirect_uri）。
redirect-unregistered = 應用程式要求返回一個未註冊的地址。應用程式負責人應將該地址原樣新增到提供者的 Redirect URIs。
no-saml-application = 此處沒有使用 SAML 登入的應用程式。地址是否正確？
saml-refused = { $name } 傳來的訊息無法接受。請重新開始；如果再次看到此頁面，請將以下內容傳給 { $name } 的管理人員。
saml-rule = 規則
saml-wrong = 問題

## What was wrong with an answer

error-name-and-password = 使用者名稱與密碼不匹配。請重試。
error-uid-empty = 請輸入使用者名稱或電子郵件地址。
error-password-empty = 請輸入密碼。
error-code-empty = 請輸入驗證碼。
error-not-right = 此內容不正確。
error-not-accepted = 這些內容未被接受。
error-password = 密碼錯誤
error-failed = 登入失敗。
error-page-too-old = 頁面開啟時間過長，或 Cookie 被阻止。請重試。
error-wait = { $seconds ->
   *[other] 嘗試次數過多。請在 { $seconds } 秒後重試。
}
error-wait-one = 嘗試次數過多。請在 1 秒後重試。
error-code = 驗證碼不匹配
error-code-limit = 目前無法傳送更多驗證碼。請一小時後重試。
error-code-unsent = 無法傳送驗證碼。請聯絡管理員檢視。
error-message-unsent = 無法傳送簡訊。請聯絡管理員檢視。
error-message-refused = 簡訊服務商拒絕傳送。
error-message-number = 無法向此號碼傳送簡訊。請檢查號碼。
error-number = 請輸入包含國家代碼的有效電話號碼：+49 30 123456。
error-mail-limit = 已達到可傳送的次數。請稍後重新開始。
error-required = 此欄位必填。
error-blank = 此欄位不能為空。
error-too-long = { $count ->
   *[other] 最多 { $count } 個字元。
}
error-integer = 請輸入整數。
error-email = 請輸入有效的電子郵件地址。
error-date = 請按 YYYY-MM-DD 格式輸入日期。
error-time = 請按 YYYY-MM-DDThh:mm 格式輸入日期和時間。
error-file-too-large = 檔案過大：最多 100 KB。
error-passwords-differ = 兩次輸入的密碼不一致。
error-username-taken = 此使用者名稱已被使用。
error-factor-code = 驗證碼無效。請檢查裝置時間後重試。
error-device = 裝置無效
error-device-refused = 驗證失敗
error-device-type = 不允許此類裝置。請聯絡 { $brand } 的管理員。
error-duo-denied = Duo 拒絕了存取
error-duo-waiting = 手機上尚無人響應。
error-duo-unavailable = 目前無法設定 Duo。請聯絡管理員檢視。
error-duo-silent = Duo 沒有響應。請重試。
error-duo-exists = 此裝置已設定。
error-captcha-token = 驗證失敗
error-captcha = 人機驗證的結果無效
error-captcha-retry = 人機驗證的結果無效。請重試。
error-password-rules = 密碼不符合規則。
error-password-weak = 密碼太弱。
error-password-leaked = { $count ->
   *[other] 此密碼出現在 { $count } 個公開列表中。
}
error-password-expired = 密碼已過期。
error-password-short = 密碼至少需要 8 個字元。
error-change-username = 您不能更改使用者名稱。
error-change-name = 您不能更改姓名。
error-change-email = 您不能更改電子郵件地址。

## Shipped texts of stored objects

shipped-choose-username = 歡迎使用 { $brand }！請選擇使用者名稱。
shipped-change-password = 更改密碼
shipped-redirecting = 正在跳轉到 { $app }
shipped-update-info = 更新您的資訊
shipped-logged-out = 您已登出 { $app }。
shipped-invalidation = 登出
shipped-reset-password = 重置密碼
shipped-delete-account = 刪除您的帳號
shipped-name = 姓名
shipped-locale = 語言
shipped-password-repeat = 密碼（再次輸入）
shipped-admin-email = 管理員電子郵件
shipped-scope-email = 電子郵件地址
shipped-scope-profile = 基本個人檔案資料
shipped-scope-entitlements = 應用程式中的權限
shipped-scope-offline = 不需您參與即可申請新權杖
shipped-scope-api = 代表您存取 API
shipped-scope-groups = 所屬群組
shipped-scope-github-user = GitHub 相容：存取您的使用者資訊
shipped-scope-github-email = GitHub 相容：存取您的電子郵件地址
shipped-scope-github-groups = GitHub 相容：存取您的群組

## Help

help = 說明
help-your-settings = 您的設定
help-password = 我忘記了密碼
help-password-answer = 在登入頁面選擇「忘記密碼？」。如果沒有該選項，管理員可以向您傳送連結。
help-lost = 我的手機或安全金鑰遺失了
help-lost-answer = 請使用復原碼登入。如果沒有，請讓管理員從您的帳號中移除遺失的裝置。
help-attempts = 提示嘗試次數過多
help-attempts-answer = 請按提示的時間等待。在您曾登入過的瀏覽器中，他人無法讓您等待。
help-refused = 應用程式不讓我進入
help-refused-answer = 頁面會說明原因。請將頁面底部的編號告知管理員，管理員可以檢視判斷過程。
help-data = 我想檢視或更改儲存的個人資訊
help-data-answer = 請開啟設定：其中有您的資訊、裝置、工作階段和授權。

## Mails

mail-hello = { $name }，您好：
mail-sent-by = 由 { $product } 傳送。
mail-link-once = 連結在 { $duration }內有效，只能使用一次。
mail-confirm-subject = 確認您的電子郵件地址
mail-confirm-welcome = 歡迎！
mail-confirm-text = 請確認此地址屬於您，之後即可使用帳號：
mail-confirm-do = 確認地址
mail-confirm-otherwise = 如果您沒有申請帳號，不需任何操作。
mail-reset-subject = 設定新密碼
mail-reset-text = 有人為您的帳號 { $username } 申請了新密碼。如果是您本人，請在此設定：
mail-reset-otherwise = 如果不是您本人，不需任何操作：密碼不會改變。
mail-code-subject = 您的登入驗證碼
mail-code-text = 您的驗證碼是：
mail-code-once = 在 { $duration }內有效，只能使用一次。
mail-code-otherwise = 請勿告知任何人。如果您沒有申請，說明有人知道您的密碼，請更改密碼。
mail-factor-added-subject = 您的帳號新增了第二重驗證
mail-factor-removed-subject = 您的帳號移除了第二重驗證
mail-factor-added = 您的帳號 { $username } 新增了第二重驗證：
mail-factor-removed = 您的帳號 { $username } 移除了第二重驗證：
mail-factor-by = 操作人：{ $by }。
mail-factor-by-from = 操作人：{ $by }，來自 { $address }。
mail-factor-from = 操作來自 { $address }。
mail-factor-otherwise = 如果是您本人操作或您知情，不需任何操作。否則請更改密碼並檢查第二重驗證方式，或請管理員鎖定帳號。
mail-notification = { $product } 通知：{ $what }
mail-severity = 嚴重程度
mail-for = 收件人
mail-by = 操作者
mail-about = 相關使用者
mail-notice = 提示
mail-warning = 警告
mail-alert = 警報
mail-sent-over = 由 { $product } 透過 { $transport } 傳送。
class-static = 復原碼
class-totp = 驗證器應用程式
class-webauthn = 通行金鑰或安全金鑰
class-duo = Duo
class-sms = 簡訊驗證碼
class-email = 郵件驗證碼

## The library and the person's settings

ui-my-applications = 我的應用程式
ui-settings = 設定
ui-admin-interface = 管理介面
ui-sign-out = 登出
ui-sign-in = 登入
ui-main = 主選單
ui-loading = 正在載入
ui-reload = 重新載入
ui-find = 尋找應用程式
ui-no-apps = 還沒有應用程式
ui-no-apps-admin = 建立第一個應用程式後，所有可以開啟它的人都會在此看到。
ui-no-apps-user = 還沒有向您開放任何應用程式。請聯絡管理員。
ui-create-app = 建立新應用程式
ui-applications = 應用程式
ui-no-address = 沒有可開啟的地址
ui-edit = 編輯
ui-edit-it = 編輯 { $name }
ui-nothing-matches = 沒有與「{ $text }」匹配的內容
ui-requests = 應用程式要求您登入
ui-request = { $application } 要求您登入
ui-request-answer = 回覆
ui-details = 您的資訊
ui-username = 使用者名稱
ui-name = 姓名
ui-email = 電子郵件
ui-groups = 群組
ui-none = 無
ui-ways = 登入方式
ui-password = 密碼
ui-password-hint = 如果他人可能知道密碼，請更改。
ui-change-password = 更改密碼
ui-mfa = 第二重驗證
ui-enroll = 新增
ui-mfa-empty = 還沒有。啟用第二重驗證後，僅憑盜取的密碼無法以您的身分登入。
ui-sources = 已連結的帳號
ui-sources-text = 可用來在此登入的其他網站帳號。
ui-connect = 連結
ui-connected = 已連結
ui-disconnect = 取消連結
ui-disconnect-from = 取消連結 { $source }
ui-disconnect-text = 重新連結之前，您無法使用 { $source } 登入。
ui-disconnected = 已取消連結 { $source }。
ui-not-set-up = 未設定
ui-set-up-when = 設定於 { $when }
ui-used-when = 使用於 { $when }
ui-never-used = 從未使用
ui-ends-when = 到期：{ $when }
ui-endless = 永不過期
ui-rename = 重命名
ui-rename-it = 重命名 { $name }
ui-name-hint = 便於區分。
ui-delete = 刪除
ui-delete-it = 刪除 { $name }
ui-deleted = 已刪除 { $name }。
ui-device-gone = 您將無法再用它登入。此操作無法撤銷，但可以重新設定。
ui-save = 儲存
ui-cancel = 取消
ui-close = 關閉
ui-create = 建立
ui-sessions = 工作階段
ui-sign-out-elsewhere = 登出其他所有地方
ui-sign-out-elsewhere-text = 您登入的其他所有瀏覽器和裝置都將登出，應用程式透過它們獲得的存取權限也會終止。當前工作階段保留。
ui-sessions-ended = { $count ->
   *[other] 已結束 { $count } 個工作階段。
}
ui-nowhere-else = 您沒有在其他地方登入。
ui-browser-on = { $system } 上的 { $browser }
ui-unknown-browser = 未知瀏覽器
ui-current-session = 當前工作階段
ui-end = 結束
ui-end-session = 結束 { $name } 的工作階段
ui-end-session-text = 該瀏覽器將登出，應用程式透過它獲得的存取權限也會終止。
ui-no-session = 沒有工作階段。
ui-tokens = 權杖和應用程式密碼
ui-create-token = 建立權杖
ui-create-app-password = 建立應用程式密碼
ui-token = 權杖
ui-app-password = 應用程式密碼
ui-token-created = 已建立。請從列表中複製。
ui-no-tokens = 無。權杖讓程式代您使用 API；應用程式密碼用於無法顯示頁面的登入。
ui-token-gone = 使用它的程式將無法再以您的身分登入。此操作無法撤銷。
ui-identifier = 識別碼
ui-identifier-hint = 便於您尋找的名稱。
ui-identifier-wrong = 只能使用字母、數字、- 和 _。
ui-identifier-taken = 您已有同名的一個。
ui-description = 說明
ui-copy = 複製
ui-copy-it = 複製 { $name }
ui-copied = 已複製
ui-copy-by-hand = 請選中並複製
ui-consent = 授權
ui-application = 應用程式
ui-no-details = 無詳細資訊
ui-withdraw = 撤回
ui-withdraw-from = 撤回對 { $app } 的授權
ui-withdraw-text = 下次開啟時，{ $app } 會再次詢問。
ui-withdrawn = 已撤回對 { $app } 的授權。
ui-no-consent = 您沒有允許任何應用程式取得您的資訊。
ui-delete-account = 刪除帳號
ui-delete-account-text = 您的帳號以及工作階段、權杖和第二重驗證方式都將被刪除。
ui-colours = 顏色
ui-colours-system = 跟隨系統
ui-colours-light = 淺色
ui-colours-dark = 深色
ui-colours-switch = 顏色：{ $now }。切換為：{ $next }
ui-account-of = { $initials }，{ $username } 的帳號
ui-notifications = 通知
ui-notifications-unread = 通知，{ $count } 條未讀
ui-no-notifications = 沒有新通知。通知規則向您傳送的內容會顯示在此處。
ui-notice = 提示
ui-warning = 警告
ui-alert = 警報
ui-show-event = 檢視事件
ui-mark-seen = 標為已讀
ui-clear-all = 全部清除
ui-acting = 您是 { $original }，正以 { $username } 的身分操作。
ui-stop-acting = 停止以此人身分操作
ui-session-ended = 您的工作階段已結束
ui-confirm-you = 確認是您本人
ui-other-person = 您已登入為 { $other }，但此頁面屬於 { $name }。請登出並登入為 { $name }，或重新載入頁面以 { $other } 的身分繼續。
ui-prove = 這會更改登入方式，請再登入一次。您返回後即會完成。
ui-sign-in-again = 請重新登入為 { $name } 以繼續。您輸入的內容仍在，返回後即會傳送。
ui-blocked = 瀏覽器沒有開啟視窗。請在另一個分頁中開啟此伺服器，登入後返回。
ui-waiting = 正在等待您在另一個視窗中登入。
ui-reload-page = 重新載入頁面
ui-sign-out-person = 登出 { $name }
ui-not-now = 以後再說
ui-not-proved = 由於您沒有再次登入，未作任何更改。
ui-not-signed-in = 您沒有重新登入。輸入的內容仍在。
ui-not-found = 未找到
ui-not-loaded = 無法載入
ui-go-back = 返回
ui-try-again = 重試
ui-dismiss = 關閉
ui-fields-wrong = 部分欄位需要檢查。
ui-error-denied = 您不能執行此操作。請向管理員申請權限。
ui-error-gone = 此內容已不存在。
ui-error-changed = 其他人在此期間更改了此內容。請重新載入後重試。
ui-error-often = 要求過多。請稍候再試。
ui-error-busy = 伺服器繁忙或尚未就緒。請稍後重試。
ui-error-other = 伺服器返回錯誤（{ $status }）。原因見其記錄檔。
ui-unreachable = 無法連接伺服器。請檢查網路連線後重試。
ui-signed-in = 您已登入
ui-signed-in-text = 請關閉此視窗，在另一個視窗中繼續。您輸入的內容仍在。
ui-now = 剛剛
ui-soon = 即將
