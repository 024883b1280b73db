## What every page may say

continue = 続ける
cancel = キャンセル
or = または
yes = はい
no = いいえ
sign-in = サインイン
sign-out = サインアウト
log-in = サインイン
try-again = もう一度試す
switch-account = アカウントを切り替える
my-applications = マイアプリ
start-page = トップページへ
copy = コピー
copied = コピーしました
print = 印刷
request-number = リクエスト番号
run-number = 追跡番号
why = 理由（管理者向け）
not-you = 別の方ですか？
signed-in-as = { $person } としてサインインしています。
ask-for-access = { $app } が必要な場合は、{ $brand } の担当者に下の番号を伝えてください。
one-moment = お待ちください
press-button = 何も起こらない場合は、ボタンを押してください。
sent-on = 移動しています。
show = 表示
hide = 非表示
show-password = パスワードを表示
hide-password = パスワードを隠す
caps-lock = Caps Lock がオンです。
needs-script = このページには JavaScript が必要です。サインインには必要ありません。
duration-seconds = { $count ->
   *[other] { $count } 秒間
}
duration-minutes = { $count ->
   *[other] { $count } 分間
}
duration-hours = { $count ->
   *[other] { $count } 時間
}
duration-days = { $count ->
   *[other] { $count } 日間
}

## Sign in

username-label = ユーザー名
email-label = メールアドレス
upn-label = UPN
either = { $one }または{ $other }
password-label = パスワード
enter-password = パスワードを入力
forgot-password = パスワードをお忘れですか？
forgot-either = ユーザー名またはパスワードをお忘れですか？
remember-me = この端末で記憶する
use-security-key = セキュリティキーを使う
continue-with = { $source } で続ける
no-account = アカウントをお持ちでない場合：
sign-up = 登録する
to-continue-to = { $app } に進むため
stay-signed-in = サインインしたままにしますか？
stay-signed-in-hint = ほかの人が使わない端末でだけ「はい」を選んでください。
are-you-a-person = 人による操作の確認
person-needs-script = このページは人による操作かどうかを確認するため JavaScript を使いますが、このブラウザーではオフになっています。
person-failed = 確認できませんでした。ページを再読み込みしてください。
person-unreachable = 人による操作かどうかを確認するサービスに接続できません。

## Passwords

strength-hint = 複雑さより長さが大切です。無関係な単語を 4、5 個つなげると十分です。
strength-short = 短すぎます。
strength-weak = 弱い：数分で推測されます。
strength-fair = 普通：オフラインでは数日で推測されます。
strength-strong = 強い：オフラインでも推測に何年もかかります。
strength-very-strong = とても強い：オフラインでも推測に何世紀もかかります。

## Second factors and passkeys

confirm-you = ご本人の確認
passkey-sign-in = パスキーでサインイン
passkey-asks = ブラウザーがパスキーまたはセキュリティキーを求めます。
passkey-use = パスキーを使う
passkey-needs-script = パスキーには JavaScript が必要ですが、このブラウザーではオフになっています。
passkey-unsupported = このブラウザーではパスキーを使えないか、ページが HTTPS で開かれていません。
passkey-exists = その端末にはすでにパスキーがあります。別の端末か、お持ちのパスキーを使ってください。
passkey-address = このアドレスではパスキーを使えません。ホスト名を使い、HTTPS で開いてください。
passkey-not-made = パスキーは作成されませんでした。もう一度試せます。
passkey-not-used = パスキーは使われませんでした。もう一度試せます。
passkey-browser-failed = ブラウザーのエラー：{ $reason }
passkey-unknown = このパスキーは登録されていません。削除された可能性があります。
passkey-refused = このパスキーは受け付けられませんでした。もう一度試してください。
passkey-set-up = パスキーの設定
passkey-set-up-hint = 指紋、顔、PIN、またはセキュリティキーでサインインできます。
passkey-set-up-where = 保存先はブラウザーが尋ねます：この端末、パスワードマネージャー、スマートフォン、セキュリティキーから選べます。複数設定できます。
factor-set-up = 第 2 要素の設定
factor-set-up-hint = ここではパスワードだけではサインインできません。使うものを選んでください。
factor-recovery-code = リカバリーコード
factor-recovery-code-hint = それぞれ 1 回だけ使えます。
factor-recovery-code-use = リカバリーコードを使う
factor-mail-code = メールのコード
factor-mail-code-use = メールでコードを受け取る
factor-message-code = SMS のコード
factor-message-code-use = SMS でコードを受け取る
factor-duo-code = Duo Mobile のコード
factor-duo-use = Duo を使う
factor-app-code = 認証アプリのコード
factor-app-use = 認証アプリを使う
factor-sent-to = { $to } に送信しました。
factor-code-wrong = コードが間違っているか、すでに使われています。
factor-app-code-wrong = コードが間違っているか、すでに使われています。次のコードをお待ちください。
factor-duo-refused = Duo がこのコードを受け付けませんでした。
factor-ask-phone = スマートフォンで確認する
code-sent-to = { $to } にコードを送信しました。
send-code = コードを送信
send-another-code = 別のコードを送信
use-another-address = 別のアドレスを使う
use-another-number = 別の番号を使う
mail-codes-set-up = メールのコードの設定
mail-codes-set-up-hint = 今後はサインイン時に、メールで届くコードも必要になります。
mail-codes-address = メールアドレス
text-codes-set-up = SMS のコードの設定
text-codes-set-up-hint = ご本人の番号であることを確かめるため、電話にコードを送信します。
text-codes-number = 電話番号
text-codes-number-hint = 国番号を付けてください。例：+49 30 123456
app-set-up = 認証アプリの設定
app-set-up-hint = 今後はサインイン時に、スマートフォンのコードも必要になります。
app-scan = Google Authenticator、Aegis、1Password などの認証アプリで読み取ってください。
app-qr = 認証アプリ用の QR コード
app-no-scan = 読み取れない場合
app-type-key = このキーをアプリに入力するか、
app-open = この端末のアプリを開いてください
app-code = アプリのコード
app-code-hint = 30 秒ごとに新しいコードが表示されます。
duo-set-up = Duo の設定
duo-set-up-hint = 今後はサインイン時に、スマートフォンでの確認も必要になります。
duo-scan = Duo Mobile アプリで読み取ってから続けてください。
duo-qr = Duo Mobile 用の QR コード
duo-open = この端末で Duo Mobile を開く
duo-waits = Duo にまだスマートフォンが登録されていません。先に Duo Mobile で読み取ってください。
recovery-codes-keep = リカバリーコードの保管
recovery-codes-keep-hint = ほかの第 2 要素が手元にないとき、それぞれ 1 回だけサインインに使えます。
recovery-codes-print = 印刷するか、パスワードマネージャーに保存してください。再表示はされません。
recovery-codes-saved = 保存しました

## Consent

consent-wants = がお客様の情報を求めています
consent-new = { $what }（新規）
consent-nothing = お客様を表す番号だけが送信されます。
consent-back-to = { $target } に戻ります。
consent-withdraw = 「設定」の「同意」で取り消せます。
consent-name = 氏名とユーザー名
consent-email = お客様のメールアドレス
consent-groups = 所属グループ
consent-away = 不在時のアクセス
consent-away-hint = 取り消すまで、再確認なしで許可します

## Recovery and links

check-mail = メールをご確認ください
check-mail-confirm = 入力されたアドレスにリンクを送信しました。リンクを開いて、ご本人のアドレスであることを確認してください。
check-mail-recovery = 該当するアカウントがある場合は、リンクを記載したメールをお送りします。
check-mail-note = リンクは { $duration } 有効で、1 回だけ使えます。別のブラウザーでも開けます。
check-mail-again = もう一度送信します。迷惑メールフォルダーもご確認ください。
send-it-again = もう一度送信
link-signs-in = このリンクで 1 回だけサインインできます。
link-works-once = このリンクは 1 回だけ使えます。準備ができたら続けてください。
link-expired = このリンクは無効です
link-expired-why = すでに使われたか、期限が切れたか、サインイン中のアカウント用ではありません。新しいリンクを依頼してください。

## The own account

delete-account = アカウントを削除しますか？
delete-account-warning = アカウントは、セッション、トークン、第 2 要素とともに削除されます。元に戻せません。
delete-account-do = アカウントを削除する
asked-to-sign-out = ここからのサインアウトが求められています。
language-of-browser = 自動（ブラウザーの言語）

## Sign out

sign-out-question = サインアウトしますか？
logged-out = サインアウトしました
logged-out-of = { $app } からサインアウトしました
still-signed-in = { $brand } にはまだサインインしています。
log-out-of = { $brand } からサインアウト
log-back-into = { $app } に再びサインイン
back-to-overview = 一覧に戻る
signed-out = サインアウト完了
signed-out-text = サインアウトしました。
signed-out-unregistered = サインアウトしました。移動先のアドレスはアプリが登録していないものでした。
sign-out-asked-by = { $app } が、ここからもサインアウトするよう求めています。
sign-out-all-the-same = それでもここからサインアウトできます。
sign-out-here = それでもサインアウトする
sign-out-not-understood = サインアウトの要求を理解できません
go-to = { $app } へ
go-on-to = { $app } へ進む
redirecting = 移動しています…
redirecting-to-dots = { $app } へ移動しています…
signing-out = サインアウト中
signing-out-text = アプリからサインアウトしています。
signed-out-everywhere = ここと各アプリからサインアウトしました。
signed-out-here = ここではサインアウトしました
signed-out-not-all = 一部のアプリからサインアウトできませんでした。
sign-out-asked = ブラウザーがサインアウトを依頼しました
sign-out-open = まだサインインしたままの可能性があります。
sign-out-trying = まだ応答がありません。サーバーが数分間、再試行を続けます。
sign-out-failed = 応答がありません。まだサインインしたままの可能性があります。
open-it = 開く

## Refusals

open-denied = { $app } を開けません
sign-in-denied = サインインできません
go-on-denied = ここから先へは進めません
denied-generic = アカウントに問題はありませんが、このアプリは対象外です。
denied-group = アカウントに問題はありませんが、このアプリはグループ { $groups } 向けです。
denied-groups = アカウントに問題はありませんが、このアプリは次のグループ向けです：{ $groups }
denied-rule = この規則（{ $rule }）を満たしていません。
denied-account = この手順は、サインイン中のアカウント用ではありません。
denied-nobody = この手順は現在利用できません。
denied-passwords = パスワードの誤りが多すぎます。最初からやり直すか、再設定してください。
set-up-finished = セットアップは完了しています
set-up-finished-why = 管理者がすでにいるため、このページは開きません。
welcome-to = { $brand } へようこそ
set-up-hint = 最初の管理者を作成します。その後、このページは二度と開きません。
set-up-username = ユーザー名は akadmin です。後で変更できます。
insiders-only = この画面は内部ユーザー専用です。
insiders-only-why = アカウントに問題はありません。使いたいアプリは、そのアドレスから開いてください。
administrators-only = ここは管理者用です
administrators-only-why = アカウントに問題はありませんが、ここで行うことはありません。
no-address = このアプリには開くアドレスがありません。管理者が起動 URL を設定できます。
denied-permission = アクセスが拒否されました
denied-request = 要求は拒否されました。
denied-no-application = アプリが見つかりません：このプロバイダーはまだ割り当てられていません。
denied-changed = アプリがその間に変更されました。
denied-saml-set-up = このアプリへのサインインが正しく設定されていません。
denied-rule-failed = この手順を決める規則が失敗したか、削除されました。管理者に確認を依頼してください。
denied-flow-changed = 操作中に管理者がこの手順を変更しました。
denied-server-updated = 操作中にサーバーが更新されました。
denied-stage-deleted = 操作中にこの手順が削除されました。
denied-question-deleted = このページの質問が削除されました。
denied-account-gone = このアカウントはもう存在しません。
denied-acting = 別の人として操作しています。第 2 要素は本人だけが設定できます。
denied-acting-delete = 別の人として操作しています。アカウントは本人だけが削除できます。
denied-sign-in-first = 第 2 要素を設定する前にサインインしてください。
denied-sign-in-first-delete = アカウントを削除する前にサインインしてください。
denied-other-account = このリンクは別のアカウント用です。
denied-mail = メールを送信できません。管理者に確認を依頼してください。
denied-no-factor = （許可された）第 2 要素が設定されていません。
denied-invitation = 招待が無効か、見つかりません
denied-invitation-signed-in = すでにアカウントがあります。招待を使うにはサインアウトしてください。
denied-set-up-done = セットアップは完了しています。作成されたアカウントでサインインしてください。
denied-update = アカウントを保存できませんでした。後でもう一度試してください。

## Signing in by a source

source-refused = { $source } ではサインインできません
source-some = このソース
source-unknown = このソースは存在しないか、無効になっています。
source-acting = 別の人として操作しています。ID は本人だけが連携できます。
source-connect = { $source } を連携しますか？
source-connect-text = 以後、{ $source } であなたとしてサインインした人は、ここでは { $user } としてサインインします。
source-connect-action = 連携する
source-over = 時間がかかりすぎたか、すでに完了したか、別のブラウザーで始められました。最初からやり直してください。
source-gone = サインイン中に、このソースが無効化または削除されました。
source-unnamed = ソースはあなたが誰かを伝えませんでした。
source-rules = このソースのルールでは入れません。
source-unreadable = ソースが伝えた内容を、このサーバーのルールが読み取れませんでした。管理者に確認を依頼してください。
source-no-enrollment = このソースではアカウントを作成できません。
source-no-flow = 設定されたフローは存在しません。
source-connected-elsewhere = この ID は別のアカウントと連携しているか、あなたのアカウントが { $source } の別の ID と連携しています。
source-somebody-else = この ID と連携していないアカウントでサインインしています。先にサインアウトするか、設定で連携してください。
source-denied = { $source } での認証が拒否されました。登録したときの方法でサインインしてください。
source-elsewhere = この ID は別のアカウントと連携しているか、その間に連携が解除されました。
source-groups = グループを更新できませんでした。後でもう一度お試しください。
source-not-waiting = 操作中だったことはすでに終わったか、別のアカウントのものです。最初からやり直してください。
source-no-account = この ID のアカウントが見つかりませんでした。
source-missing = ソースが存在しません
certificate-missing = 証明書が必要ですが、提示されませんでした。
certificate-of-nobody = この証明書に対応するアカウントがありません。
source-wrong = このソースは正しく設定されていません。管理者はイベントで理由を確認できます。

## Connecting a device

device-title = デバイスを接続
device-text = デバイスに表示されたコードを入力してください。
device-code = デバイスのコード
device-code-help = 9 桁の数字です。空白はあってもなくてもかまいません。
device-unknown = このコードで待っているデバイスはありません。デバイスに新しいコードが表示されていないか確認してください。
device-sign-in = デバイスで { $app } にサインインしますか？
device-shows = 目の前のデバイスにこのコードが表示されていますか？
device-warning = そのデバイスを持つ人が、あなたとして { $app } にサインインします。このコードやこのページのリンクを誰かから受け取った場合は、拒否してください。
device-deny = 拒否
device-allow = 許可
device-gone = このコードは期限切れか、すでに回答済みです。デバイスでやり直すと、新しいコードが表示されます。
device-acting = 現在、別の人として操作しています。デバイスを接続できるのは本人だけです。
device-connected = デバイスを接続しました
device-connected-text = { $app } にサインインしています。デバイスに戻ってください。このページは閉じてかまいません。
device-refused = デバイスを拒否しました
device-refused-text = { $app } からは何も渡されません。このページは閉じてかまいません。
device-none = ここではデバイスのコードを受け付けていません。管理者はブランドの設定でデバイスコードのフローを選べます。

## Pages about errors

not-found = ページが見つかりません
not-found-text = このアドレスには何もありません。
no-flow = このアドレスに手順はありません。
too-much = 多すぎます
too-much-text = 戻って、入力を減らすか、小さいファイルにしてください。
busy = サインインが集中しています
busy-text = 数秒待ってから、もう一度試してください。
unavailable = 現在利用できません
unavailable-text = サーバーがデータベースに接続できません。数秒待ってから、もう一度試してください。
broken = 問題が発生しました
broken-text = お客様の操作が原因ではありません。少ししてからもう一度試してください。
address-received = 受け取ったアドレス
request-error = 要求のエラー
client-id-error = クライアント ID のエラー
redirect-error = リダイレクト URI のエラー
not-found-short = 見つかりません
not-set-up = 未設定
begin-again = 最初からやり直してください
begin-again-text = { $app } へのサインインに時間がかかりすぎたか、すでに完了しています。アプリをもう一度開いてください。
no-such-page = お探しのページはありません。
client-unknown = このサーバーは、移動元のアプリを知りません。アプリの担当者は、Client ID をプロバイダーのページのものと比べてください。
redirect-missing = アプリが戻り先を指定していません。アプリの担当者は、戻り先（redirect_uri）を設定してください。
redirect-unregistered = アプリが、登録していないアドレスに戻ろうとしました。アプリの担当者は、これをそのままプロバイダーの Redirect URIs に追加してください。
no-saml-application = SAML でサインインするアプリはここにありません。アドレスをご確認ください。
saml-refused = { $name } から届いたメッセージは受け付けられません。最初からやり直してください。このページがまた表示されたら、以下の内容を { $name } の管理者に送ってください。
saml-rule = ルール
saml-wrong = 問題

## What was wrong with an answer

error-name-and-password = ユーザー名とパスワードが一致しません。もう一度試してください。
error-uid-empty = ユーザー名またはメールアドレスを入力してください。
error-password-empty = パスワードを入力してください。
error-code-empty = コードを入力してください。
error-not-right = 正しくありません。
error-not-accepted = この回答は受け付けられません。
error-password = パスワードが正しくありません
error-failed = サインインできませんでした。
error-page-too-old = ページを長く開きすぎたか、Cookie がブロックされています。もう一度試してください。
error-wait = { $seconds ->
   *[other] 試行回数が多すぎます。{ $seconds } 秒後にもう一度試してください。
}
error-wait-one = 試行回数が多すぎます。1 秒後にもう一度試してください。
error-code = コードが一致しません
error-code-limit = 今はこれ以上コードを送信できません。1 時間後にもう一度試してください。
error-code-unsent = コードを送信できません。管理者に確認を依頼してください。
error-message-unsent = SMS を送信できません。管理者に確認を依頼してください。
error-message-refused = SMS の事業者が送信を拒否しました。
error-message-number = この番号には SMS を送信できません。番号をご確認ください。
error-number = 国番号付きの正しい電話番号を入力してください：+49 30 123456
error-mail-limit = 送信できる回数に達しました。後で最初からやり直してください。
error-required = 必須の項目です。
error-blank = 空欄にはできません。
error-too-long = { $count ->
   *[other] { $count } 文字以内で入力してください。
}
error-integer = 整数を入力してください。
error-email = 正しいメールアドレスを入力してください。
error-date = 日付は YYYY-MM-DD の形で入力してください。
error-time = 日時は YYYY-MM-DDThh:mm の形で入力してください。
error-file-too-large = ファイルが大きすぎます：100 KB までです。
error-passwords-differ = パスワードが一致しません。
error-username-taken = このユーザー名はすでに使われています。
error-factor-code = コードが無効です。端末の時刻を確かめて、もう一度試してください。
error-device = 無効な端末です
error-device-refused = 確認できませんでした
error-device-type = この種類の端末は許可されていません。{ $brand } の管理者に問い合わせてください。
error-duo-denied = Duo がアクセスを拒否しました
error-duo-waiting = スマートフォンでの応答がまだありません。
error-duo-unavailable = 今は Duo を設定できません。管理者に確認を依頼してください。
error-duo-silent = Duo から応答がありません。もう一度試してください。
error-duo-exists = この端末はすでに設定されています。
error-captcha-token = 確認できませんでした
error-captcha = キャプチャの回答が無効です
error-captcha-retry = キャプチャの回答が無効です。もう一度試してください。
error-password-rules = パスワードが規則を満たしていません。
error-password-weak = パスワードが弱すぎます。
error-password-leaked = { $count ->
   *[other] このパスワードは { $count } 件の公開リストに載っています。
}
error-password-expired = パスワードの期限が切れています。
error-password-short = パスワードは 8 文字以上にしてください。
error-change-username = ユーザー名は変更できません。
error-change-name = 氏名は変更できません。
error-change-email = メールアドレスは変更できません。

## Shipped texts of stored objects

shipped-choose-username = { $brand } へようこそ。ユーザー名を選んでください。
shipped-change-password = パスワードの変更
shipped-redirecting = { $app } へ移動しています
shipped-update-info = お客様の情報の更新
shipped-logged-out = { $app } からサインアウトしました。
shipped-invalidation = サインアウト
shipped-reset-password = パスワードの再設定
shipped-delete-account = アカウントの削除
shipped-name = 氏名
shipped-locale = 言語
shipped-password-repeat = パスワード（確認）
shipped-admin-email = 管理者のメールアドレス
shipped-scope-email = メールアドレス
shipped-scope-profile = 基本的なプロフィール情報
shipped-scope-entitlements = アプリでの権限
shipped-scope-offline = 操作なしで新しいトークンを取得
shipped-scope-api = お客様に代わる API の利用
shipped-scope-groups = グループへの所属
shipped-scope-github-user = GitHub 互換：ユーザー情報へのアクセス
shipped-scope-github-email = GitHub 互換：メールアドレスへのアクセス
shipped-scope-github-groups = GitHub 互換：グループへのアクセス

## Help

help = ヘルプ
help-your-settings = 設定を開く
help-password = パスワードを忘れました
help-password-answer = サインイン画面の「パスワードをお忘れですか？」を選んでください。表示がない場合は、管理者がリンクを送れます。
help-lost = スマートフォンやセキュリティキーをなくしました
help-lost-answer = リカバリーコードでサインインしてください。ない場合は、なくした端末をアカウントから外すよう管理者に依頼してください。
help-attempts = 試行回数が多すぎると表示されます
help-attempts-answer = 表示された時間だけお待ちください。以前サインインしたブラウザーでは、ほかの人のせいで待たされることはありません。
help-refused = アプリに入れません
help-refused-answer = 理由はページに表示されます。ページ下部の番号を管理者に伝えると、判断の経緯を確認できます。
help-data = 保存されている自分の情報を見たい、変更したい
help-data-answer = 設定を開いてください。ご自身の情報、端末、セッション、同意の内容があります。

## Mails

mail-hello = { $name } 様
mail-sent-by = 送信元：{ $product }
mail-link-once = リンクは { $duration } 有効で、1 回だけ使えます。
mail-confirm-subject = メールアドレスの確認
mail-confirm-welcome = ようこそ
mail-confirm-text = ご本人のアドレスであることを確認すると、アカウントを使えるようになります：
mail-confirm-do = アドレスを確認する
mail-confirm-otherwise = アカウントを申し込んでいない場合は、何もする必要はありません。
mail-reset-subject = 新しいパスワードの設定
mail-reset-text = アカウント { $username } の新しいパスワードが求められました。ご本人の場合は、ここで設定してください：
mail-reset-otherwise = お心当たりがない場合は、何もする必要はありません。パスワードは変わりません。
mail-code-subject = サインイン用コード
mail-code-text = コードは次のとおりです：
mail-code-once = { $duration } 有効で、1 回だけ使えます。
mail-code-otherwise = 誰にも教えないでください。お心当たりがない場合は、パスワードが知られています。変更してください。
mail-factor-added-subject = アカウントに第 2 要素が追加されました
mail-factor-removed-subject = アカウントから第 2 要素が削除されました
mail-factor-added = アカウント { $username } に第 2 要素が追加されました：
mail-factor-removed = アカウント { $username } から第 2 要素が削除されました：
mail-factor-by = 操作した人：{ $by }。
mail-factor-by-from = 操作した人：{ $by }（{ $address } から）。
mail-factor-from = { $address } から操作されました。
mail-factor-otherwise = ご本人の操作、またはご存じの操作であれば、何もする必要はありません。そうでない場合は、パスワードを変更して第 2 要素を確認するか、管理者にアカウントの停止を依頼してください。
mail-notification = { $product } の通知: { $what }
mail-severity = 重要度
mail-for = 宛先
mail-by = 実行者
mail-about = 対象
mail-notice = お知らせ
mail-warning = 警告
mail-alert = 重大な警告
mail-sent-over = { $product } が { $transport } 経由で送信しました。
class-static = リカバリーコード
class-totp = 認証アプリ
class-webauthn = パスキーまたはセキュリティキー
class-duo = Duo
class-sms = SMS のコード
class-email = メールのコード

## The library and the person's settings

ui-my-applications = マイアプリ
ui-settings = 設定
ui-admin-interface = 管理画面
ui-sign-out = サインアウト
ui-sign-in = サインイン
ui-main = メインメニュー
ui-loading = 読み込み中
ui-reload = 再読み込み
ui-find = アプリを探す
ui-no-apps = アプリはまだありません
ui-no-apps-admin = 最初のアプリを作成すると、開ける人全員にここで表示されます。
ui-no-apps-user = まだ利用できるものがありません。管理者に問い合わせてください。
ui-create-app = アプリを作成する
ui-applications = アプリ
ui-no-address = 開くアドレスがありません
ui-edit = 編集
ui-edit-it = { $name } を編集
ui-nothing-matches = 「{ $text }」に一致するものはありません
ui-requests = アプリケーションがサインインを求めています
ui-request = { $application } がサインインを求めています
ui-request-answer = 回答する
ui-details = お客様の情報
ui-username = ユーザー名
ui-name = 氏名
ui-email = メールアドレス
ui-groups = グループ
ui-none = なし
ui-ways = サインインの方法
ui-password = パスワード
ui-password-hint = ほかの人に知られた可能性があるときは変更してください。
ui-change-password = パスワードを変更
ui-mfa = 第 2 要素
ui-enroll = 設定する
ui-mfa-empty = まだありません。第 2 要素があれば、パスワードが盗まれてもお客様としてサインインできません。
ui-sources = 連携アカウント
ui-sources-text = ここへのサインインに使える他のサービスのアカウントです。
ui-connect = 連携する
ui-connected = 連携済み
ui-disconnect = 連携を解除
ui-disconnect-from = { $source } の連携を解除
ui-disconnect-text = もう一度連携するまで、{ $source } ではサインインできません。
ui-disconnected = { $source } の連携を解除しました。
ui-not-set-up = 未設定
ui-set-up-when = 設定：{ $when }
ui-used-when = 使用：{ $when }
ui-never-used = 未使用
ui-ends-when = 終了：{ $when }
ui-endless = 期限なし
ui-rename = 名前を変更
ui-rename-it = { $name } の名前を変更
ui-name-hint = 見分けるための名前です。
ui-delete = 削除
ui-delete-it = { $name } を削除
ui-deleted = { $name } を削除しました。
ui-device-gone = これではサインインできなくなります。元に戻せませんが、改めて設定できます。
ui-save = 保存
ui-cancel = キャンセル
ui-close = 閉じる
ui-create = 作成
ui-sessions = セッション
ui-sign-out-elsewhere = ほかのすべての場所でサインアウト
ui-sign-out-elsewhere-text = サインイン中のほかのブラウザーと端末はすべてサインアウトされ、それを通じてアプリが得たものは無効になります。このセッションは続きます。
ui-sessions-ended = { $count ->
   *[other] { $count } 件のセッションを終了しました。
}
ui-nowhere-else = ほかの場所ではサインインしていませんでした。
ui-browser-on = { $browser }（{ $system }）
ui-unknown-browser = 不明なブラウザー
ui-current-session = 現在のセッション
ui-end = 終了
ui-end-session = { $name } のセッションを終了
ui-end-session-text = そのブラウザーはサインアウトされ、それを通じてアプリが得たものは無効になります。
ui-no-session = セッションはありません。
ui-tokens = トークンとアプリパスワード
ui-create-token = トークンを作成
ui-create-app-password = アプリパスワードを作成
ui-token = トークン
ui-app-password = アプリパスワード
ui-token-created = 作成しました。一覧からコピーしてください。
ui-no-tokens = ありません。トークンを使うとプログラムが代わりに API を利用でき、アプリパスワードはページを表示できない場所でのサインインに使えます。
ui-token-gone = これを使うプログラムは、お客様としてサインインできなくなります。元に戻せません。
ui-identifier = 識別名
ui-identifier-hint = 後で見つけるための名前です。
ui-identifier-wrong = 使えるのは英数字、- と _ だけです。
ui-identifier-taken = この名前はすでに使われています。
ui-description = 説明
ui-copy = コピー
ui-copy-it = { $name } をコピー
ui-copied = コピーしました
ui-copy-by-hand = 選択してコピーしてください
ui-consent = 同意
ui-application = アプリ
ui-no-details = 詳細なし
ui-withdraw = 取り消す
ui-withdraw-from = { $app } への同意を取り消す
ui-withdraw-text = 次に開くと、{ $app } がもう一度確認します。
ui-withdrawn = { $app } への同意を取り消しました。
ui-no-consent = 情報の利用を許可したアプリはありません。
ui-delete-account = アカウントの削除
ui-delete-account-text = アカウントは、セッション、トークン、第 2 要素とともに削除されます。
ui-colours = 配色
ui-colours-system = システムに合わせる
ui-colours-light = ライト
ui-colours-dark = ダーク
ui-colours-switch = 配色：{ $now }。切り替え先：{ $next }
ui-account-of = { $initials }、{ $username } のアカウント
ui-notifications = 通知
ui-notifications-unread = 通知、未読 { $count } 件
ui-no-notifications = 新しい通知はありません。通知規則による知らせがここに表示されます。
ui-notice = お知らせ
ui-warning = 警告
ui-alert = 重大
ui-show-event = イベントを表示
ui-mark-seen = 既読にする
ui-clear-all = すべて消去
ui-acting = { $original } が { $username } として操作しています。
ui-stop-acting = この人としての操作を終える
ui-session-ended = セッションが終了しました
ui-confirm-you = ご本人の確認
ui-other-person = { $other } としてサインインしていますが、このページは { $name } のものです。サインアウトして { $name } としてサインインするか、ページを再読み込みして { $other } として続けてください。
ui-prove = サインインの方法を変えるため、もう一度サインインしてください。戻り次第、実行されます。
ui-sign-in-again = 続けるには { $name } としてもう一度サインインしてください。入力内容は残っており、戻り次第送信されます。
ui-blocked = ブラウザーがウィンドウを開きませんでした。別のタブでこのサーバーを開き、サインインしてから戻ってください。
ui-waiting = 別のウィンドウでのサインインを待っています。
ui-reload-page = ページを再読み込み
ui-sign-out-person = { $name } をサインアウト
ui-not-now = 後で
ui-not-proved = 再度サインインしなかったため、何も変更されませんでした。
ui-not-signed-in = 再度サインインしていません。入力内容は残っています。
ui-not-found = 見つかりません
ui-not-loaded = 読み込めませんでした
ui-go-back = 戻る
ui-try-again = もう一度試す
ui-dismiss = 閉じる
ui-fields-wrong = 確認が必要な項目があります。
ui-error-denied = この操作は許可されていません。管理者に権限を依頼してください。
ui-error-gone = これはもう存在しません。
ui-error-changed = その間にほかの人が変更しました。再読み込みして、もう一度試してください。
ui-error-often = 要求が多すぎます。少し待ってから、もう一度試してください。
ui-error-busy = サーバーが混み合っているか、準備中です。少ししてからもう一度試してください。
ui-error-other = サーバーがエラーを返しました（{ $status }）。理由はログにあります。
ui-unreachable = サーバーに接続できません。接続を確かめて、もう一度試してください。
ui-signed-in = サインインしました
ui-signed-in-text = このウィンドウを閉じて、元のウィンドウで続けてください。入力内容は残っています。
ui-now = たった今
ui-soon = まもなく
