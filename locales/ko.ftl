## What every page may say

continue = 계속
cancel = 취소
or = 또는
yes = 예
no = 아니요
sign-in = 로그인
sign-out = 로그아웃
log-in = 로그인
try-again = 다시 시도
switch-account = 계정 전환
my-applications = 내 애플리케이션
start-page = 시작 페이지로 이동
copy = 복사
copied = 복사됨
print = 인쇄
request-number = 요청 번호
run-number = 추적 번호
why = 이유(관리자용)
not-you = 본인이 아닌가요?
signed-in-as = { $person } 계정으로 로그인했습니다.
ask-for-access = { $app }이(가) 필요하면 { $brand } 담당자에게 아래 번호를 알려 주세요.
one-moment = 잠시만 기다려 주세요
press-button = 아무 일도 일어나지 않으면 버튼을 누르세요.
sent-on = 이동하는 중입니다.
show = 표시
hide = 숨기기
show-password = 비밀번호 표시
hide-password = 비밀번호 숨기기
caps-lock = Caps Lock이 켜져 있습니다.
needs-script = 이 페이지에는 JavaScript가 필요합니다. 로그인에는 필요하지 않습니다.
duration-seconds = { $count ->
   *[other] { $count }초
}
duration-minutes = { $count ->
   *[other] { $count }분
}
duration-hours = { $count ->
   *[other] { $count }시간
}
duration-days = { $count ->
   *[other] { $count }일
}

## Sign in

username-label = 사용자 이름
email-label = 이메일
upn-label = UPN
either = { $one } 또는 { $other }
password-label = 비밀번호
enter-password = 비밀번호를 입력하세요
forgot-password = 비밀번호를 잊으셨나요?
forgot-either = 사용자 이름이나 비밀번호를 잊으셨나요?
remember-me = 이 기기에서 기억하기
use-security-key = 보안 키 사용
continue-with = { $source }(으)로 계속
no-account = 계정이 없으신가요?
sign-up = 가입하기
to-continue-to = { $app }(으)로 계속하려면
stay-signed-in = 로그인 상태를 유지할까요?
stay-signed-in-hint = 다른 사람이 쓰지 않는 기기에서만 ‘예’를 선택하세요.
are-you-a-person = 사람인지 확인
person-needs-script = 이 페이지는 사람인지 확인하며 JavaScript가 필요합니다. 이 브라우저에서는 꺼져 있습니다.
person-failed = 확인하지 못했습니다. 페이지를 새로 고쳐 다시 시도하세요.
person-unreachable = 사람인지 확인하는 서비스에 연결할 수 없습니다.

## Passwords

strength-hint = 복잡한 것보다 긴 것이 좋습니다. 서로 관련 없는 단어 네다섯 개면 충분합니다.
strength-short = 너무 짧습니다.
strength-weak = 약함. 몇 분 안에 알아낼 수 있습니다.
strength-fair = 보통. 오프라인에서 며칠 안에 알아낼 수 있습니다.
strength-strong = 강함. 오프라인에서 알아내려면 몇 년이 걸립니다.
strength-very-strong = 매우 강함. 오프라인에서 알아내려면 수백 년이 걸립니다.

## Second factors and passkeys

confirm-you = 본인인지 확인
passkey-sign-in = 패스키로 로그인
passkey-asks = 브라우저가 패스키나 보안 키를 요청합니다.
passkey-use = 패스키 사용
passkey-needs-script = 패스키에는 JavaScript가 필요하지만 이 브라우저에서는 꺼져 있습니다.
passkey-unsupported = 이 브라우저가 패스키를 지원하지 않거나 페이지를 HTTPS로 열지 않았습니다.
passkey-exists = 그 기기에 이미 패스키가 있습니다. 다른 기기나 가지고 있는 패스키를 사용하세요.
passkey-address = 이 주소에서는 패스키를 쓸 수 없습니다. 이름으로 된 주소를 HTTPS로 여세요.
passkey-not-made = 패스키를 만들지 않았습니다. 다시 시도할 수 있습니다.
passkey-not-used = 패스키를 사용하지 않았습니다. 다시 시도할 수 있습니다.
passkey-browser-failed = 브라우저 오류: { $reason }
passkey-unknown = 등록되지 않은 패스키입니다. 삭제되었을 수 있습니다.
passkey-refused = 패스키가 거부되었습니다. 다시 시도하세요.
passkey-set-up = 패스키 설정
passkey-set-up-hint = 지문, 얼굴, PIN 또는 보안 키로 로그인합니다.
passkey-set-up-where = 브라우저가 저장할 곳을 묻습니다. 이 기기, 비밀번호 관리자, 휴대전화, 보안 키 중에서 고르세요. 여러 개를 설정할 수 있습니다.
factor-set-up = 2단계 인증 수단 설정
factor-set-up-hint = 여기서는 비밀번호만으로 로그인할 수 없습니다. 사용할 수단을 고르세요.
factor-recovery-code = 복구 코드
factor-recovery-code-hint = 각 코드는 한 번만 쓸 수 있습니다.
factor-recovery-code-use = 복구 코드 사용
factor-mail-code = 이메일로 받은 코드
factor-mail-code-use = 이메일로 코드 받기
factor-message-code = 문자로 받은 코드
factor-message-code-use = 문자로 코드 받기
factor-duo-code = Duo Mobile 코드
factor-duo-use = Duo 사용
factor-app-code = 인증 앱의 코드
factor-app-use = 인증 앱 사용
factor-sent-to = { $to }(으)로 보냈습니다.
factor-code-wrong = 코드가 틀렸거나 이미 사용되었습니다.
factor-app-code-wrong = 코드가 틀렸거나 이미 사용되었습니다. 다음 코드를 기다리세요.
factor-duo-refused = Duo가 이 코드를 거부했습니다.
factor-ask-phone = 휴대전화에서 확인
code-sent-to = { $to }(으)로 코드를 보냈습니다.
send-code = 코드 보내기
send-another-code = 다른 코드 보내기
use-another-address = 다른 주소 사용
use-another-number = 다른 번호 사용
mail-codes-set-up = 이메일 코드 설정
mail-codes-set-up-hint = 앞으로 로그인할 때 이메일로 보낸 코드도 필요합니다.
mail-codes-address = 이메일 주소
text-codes-set-up = 문자 코드 설정
text-codes-set-up-hint = 본인 번호인지 확인하기 위해 휴대전화로 코드를 보냅니다.
text-codes-number = 전화번호
text-codes-number-hint = 국가 번호를 포함하세요. 예: +49 30 123456
app-set-up = 인증 앱 설정
app-set-up-hint = 앞으로 로그인할 때 휴대전화의 코드도 필요합니다.
app-scan = Google Authenticator, Aegis, 1Password 같은 인증 앱으로 스캔하세요.
app-qr = 인증 앱용 QR 코드
app-no-scan = 스캔할 수 없나요?
app-type-key = 이 키를 앱에 입력하거나
app-open = 이 기기의 앱을 여세요
app-code = 앱의 코드
app-code-hint = 앱에 30초마다 새 코드가 표시됩니다.
duo-set-up = Duo 설정
duo-set-up-hint = 앞으로 로그인할 때 휴대전화에서도 확인합니다.
duo-scan = Duo Mobile 앱으로 스캔한 뒤 계속하세요.
duo-qr = Duo Mobile용 QR 코드
duo-open = 이 기기에서 Duo Mobile 열기
duo-waits = Duo에 아직 휴대전화가 등록되지 않았습니다. 먼저 Duo Mobile로 스캔하세요.
recovery-codes-keep = 복구 코드 보관
recovery-codes-keep-hint = 다른 2단계 인증 수단이 없을 때 각 코드로 한 번씩 로그인할 수 있습니다.
recovery-codes-print = 코드를 인쇄하거나 비밀번호 관리자에 저장하세요. 다시 표시되지 않습니다.
recovery-codes-saved = 저장했습니다

## Consent

consent-wants = 앱이 회원님이 누구인지 알고자 합니다
consent-new = { $what } (신규)
consent-nothing = 회원님을 나타내는 번호만 전송됩니다.
consent-back-to = { $target }(으)로 돌아갑니다.
consent-withdraw = ‘설정’의 ‘동의’에서 철회할 수 있습니다.
consent-name = 이름과 사용자 이름
consent-email = 회원님의 이메일 주소
consent-groups = 소속 그룹
consent-away = 자리에 없을 때의 접근
consent-away-hint = 철회할 때까지 다시 묻지 않음

## Recovery and links

check-mail = 이메일을 확인하세요
check-mail-confirm = 입력한 주소로 링크를 보냈습니다. 링크를 열어 본인 주소임을 확인하세요.
check-mail-recovery = 입력한 내용과 일치하는 계정이 있으면 링크가 담긴 이메일을 보냅니다.
check-mail-note = 링크는 { $duration } 동안 한 번만 쓸 수 있습니다. 다른 브라우저에서 열어도 됩니다.
check-mail-again = 다시 보냅니다. 스팸 폴더도 확인하세요.
send-it-again = 다시 보내기
link-signs-in = 이 링크로 한 번 로그인할 수 있습니다.
link-works-once = 이 링크는 한 번만 쓸 수 있습니다. 준비되면 계속하세요.
link-expired = 더 이상 유효하지 않은 링크입니다
link-expired-why = 이미 사용되었거나, 만료되었거나, 로그인한 계정용이 아닙니다. 새 링크를 요청하세요.

## The own account

delete-account = 계정을 삭제할까요?
delete-account-warning = 계정이 세션, 토큰, 2단계 인증 수단과 함께 삭제됩니다. 되돌릴 수 없습니다.
delete-account-do = 내 계정 삭제
asked-to-sign-out = 여기서 로그아웃하라는 요청이 있습니다.
language-of-browser = 자동(브라우저 언어)

## Sign out

sign-out-question = 로그아웃할까요?
logged-out = 로그아웃했습니다
logged-out-of = { $app }에서 로그아웃했습니다
still-signed-in = { $brand }에는 아직 로그인되어 있습니다.
log-out-of = { $brand }에서 로그아웃
log-back-into = { $app }에 다시 로그인
back-to-overview = 목록으로 돌아가기
signed-out = 로그아웃됨
signed-out-text = 로그아웃했습니다.
signed-out-unregistered = 로그아웃했습니다. 요청에 적힌 이동할 주소는 애플리케이션이 등록하지 않은 주소입니다.
sign-out-asked-by = { $app }에서 여기서도 로그아웃하도록 요청합니다.
sign-out-all-the-same = 그래도 여기서 로그아웃할 수 있습니다.
sign-out-here = 그래도 여기서 로그아웃
sign-out-not-understood = 로그아웃 요청을 이해할 수 없음
go-to = { $app }(으)로 이동
go-on-to = { $app }(으)로 계속
redirecting = 이동 중…
redirecting-to-dots = { $app }(으)로 이동 중…
signing-out = 로그아웃 중
signing-out-text = 애플리케이션에서 로그아웃하고 있습니다.
signed-out-everywhere = 이곳과 애플리케이션에서 로그아웃했습니다.
signed-out-here = 이곳에서 로그아웃했습니다
signed-out-not-all = 일부 애플리케이션에서 로그아웃하지 못했습니다.
sign-out-asked = 브라우저가 로그아웃을 요청했습니다
sign-out-open = 그곳에 아직 로그인되어 있을 수 있습니다.
sign-out-trying = 아직 연결되지 않았습니다. 서버가 몇 분 동안 계속 시도합니다.
sign-out-failed = 연결되지 않았습니다. 그곳에 아직 로그인되어 있을 수 있습니다.
open-it = 열기

## Refusals

open-denied = { $app }을(를) 열 수 없습니다
sign-in-denied = 로그인할 수 없습니다
go-on-denied = 더 이상 진행할 수 없습니다
denied-generic = 계정에는 문제가 없지만 이 애플리케이션을 쓸 수 있는 계정이 아닙니다.
denied-group = 계정에는 문제가 없지만 이 애플리케이션은 { $groups } 그룹용입니다.
denied-groups = 계정에는 문제가 없지만 이 애플리케이션은 다음 그룹용입니다: { $groups }.
denied-rule = 이 규칙({ $rule })을 충족하지 않습니다.
denied-account = 이 단계는 로그인한 계정용이 아닙니다.
denied-nobody = 이 단계는 지금 이용할 수 없습니다.
denied-passwords = 잘못된 비밀번호를 너무 많이 입력했습니다. 처음부터 다시 하거나 새 비밀번호를 요청하세요.
set-up-finished = 설치가 완료되었습니다
set-up-finished-why = 이미 관리자가 있으므로 이 페이지는 닫혀 있습니다.
welcome-to = { $brand }에 오신 것을 환영합니다
set-up-hint = 첫 관리자를 만드세요. 그 뒤 이 페이지는 영구히 닫힙니다.
set-up-username = 사용자 이름은 akadmin입니다. 나중에 바꿀 수 있습니다.
insiders-only = 내부 사용자만 이용할 수 있는 화면입니다.
insiders-only-why = 계정에는 문제가 없습니다. 쓰려는 애플리케이션을 해당 주소에서 여세요.
administrators-only = 관리자용 영역입니다
administrators-only-why = 계정에는 문제가 없지만 여기서 할 일이 없습니다.
no-address = 이 애플리케이션에는 열 주소가 없습니다. 관리자가 시작 URL을 정할 수 있습니다.
denied-permission = 접근이 거부되었습니다
denied-request = 요청이 거부되었습니다.
denied-no-application = 애플리케이션을 찾을 수 없음: 이 공급자는 아직 할당되지 않았습니다.
denied-changed = 그사이 애플리케이션이 변경되었습니다.
denied-saml-set-up = 이 애플리케이션의 로그인이 올바르게 설정되지 않았습니다.
denied-rule-failed = 이 단계를 결정하는 규칙이 실패했거나 삭제되었습니다. 관리자에게 확인을 요청하세요.
denied-flow-changed = 진행하는 동안 관리자가 이 절차를 변경했습니다.
denied-server-updated = 진행하는 동안 서버가 업데이트되었습니다.
denied-stage-deleted = 진행하는 동안 이 단계가 삭제되었습니다.
denied-question-deleted = 이 페이지의 질문이 삭제되었습니다.
denied-account-gone = 더 이상 존재하지 않는 계정입니다.
denied-acting = 다른 사람으로 작업하고 있습니다. 2단계 인증 수단은 본인만 설정할 수 있습니다.
denied-acting-delete = 다른 사람으로 작업하고 있습니다. 계정은 본인만 삭제할 수 있습니다.
denied-sign-in-first = 2단계 인증 수단을 설정하기 전에 로그인하세요.
denied-sign-in-first-delete = 계정을 삭제하기 전에 로그인하세요.
denied-other-account = 다른 계정용 링크입니다.
denied-mail = 이메일을 보낼 수 없습니다. 관리자에게 확인을 요청하세요.
denied-no-factor = 설정된 (허용된) 2단계 인증 수단이 없습니다.
denied-invitation = 초대가 유효하지 않거나 없습니다
denied-invitation-signed-in = 이미 계정이 있습니다. 초대를 사용하려면 로그아웃하세요.
denied-set-up-done = 설치가 이미 완료되었습니다. 만든 계정으로 로그인하세요.
denied-update = 계정을 저장하지 못했습니다. 나중에 다시 시도하세요.

## Signing in by a source

source-refused = { $source }(으)로 로그인할 수 없습니다
source-some = 이 소스
source-unknown = 이 소스가 없거나 사용 중지되었습니다.
source-acting = 다른 사람으로 작업하고 있습니다. ID는 본인만 연결할 수 있습니다.
source-connect = { $source }을(를) 연결할까요?
source-connect-text = 이후 { $source }에서 나로 로그인하는 사람은 여기에서 { $user }(으)로 로그인됩니다.
source-connect-action = 연결
source-over = 너무 오래 걸렸거나, 이미 완료되었거나, 다른 브라우저에서 시작되었습니다. 다시 시작하세요.
source-gone = 로그인하는 동안 이 소스가 사용 중지되거나 삭제되었습니다.
source-unnamed = 소스가 누구인지 알려 주지 않았습니다.
source-rules = 이 소스의 규칙에 따라 들어갈 수 없습니다.
source-unreadable = 소스가 알려 준 내용을 이 서버의 규칙이 읽지 못했습니다. 관리자에게 확인을 요청하세요.
source-no-enrollment = 이 소스로는 계정을 만들 수 없습니다.
source-no-flow = 설정된 플로가 없습니다.
source-connected-elsewhere = 이 ID가 다른 계정에 연결되어 있거나, 내 계정이 { $source }의 다른 ID에 연결되어 있습니다.
source-somebody-else = 이 ID에 연결되지 않은 계정으로 로그인되어 있습니다. 먼저 로그아웃하거나 설정에서 연결하세요.
source-denied = { $source }을(를) 통한 인증이 거부되었습니다. 가입할 때 사용한 방법으로 로그인하세요.
source-elsewhere = 이 ID가 다른 계정에 연결되어 있거나 그 사이 연결이 해제되었습니다.
source-groups = 그룹을 업데이트하지 못했습니다. 나중에 다시 시도하세요.
source-not-waiting = 진행하던 작업이 그 사이 끝났거나 다른 계정의 것입니다. 다시 시작하세요.
source-no-account = 이 ID의 계정을 찾지 못했습니다.
source-missing = 소스가 없습니다
certificate-missing = 인증서가 필요하지만 제시되지 않았습니다.
certificate-of-nobody = 이 인증서에 해당하는 계정이 없습니다.
source-wrong = 이 소스가 올바르게 설정되지 않았습니다. 관리자는 이벤트에서 이유를 확인할 수 있습니다.

## Connecting a device

device-title = 기기 연결
device-text = 기기에 표시된 코드를 입력하세요.
device-code = 기기의 코드
device-code-help = 숫자 아홉 자리입니다. 띄어쓰기는 상관없습니다.
device-unknown = 이 코드로 기다리는 기기가 없습니다. 기기에 새 코드가 표시되었는지 확인하세요.
device-sign-in = 기기에서 { $app }에 로그인할까요?
device-shows = 앞에 있는 기기에 이 코드가 표시되어 있나요?
device-warning = 그 기기를 가진 사람이 내 이름으로 { $app }에 로그인합니다. 누군가 이 코드나 이 페이지의 링크를 보냈다면 거부하세요.
device-deny = 거부
device-allow = 허용
device-gone = 이 코드는 만료되었거나 이미 응답했습니다. 기기에서 다시 시작하면 새 코드가 표시됩니다.
device-acting = 다른 사람으로 활동하고 있습니다. 기기는 본인만 연결할 수 있습니다.
device-connected = 기기가 연결되었습니다
device-connected-text = { $app }에 로그인하고 있습니다. 기기로 돌아가세요. 이 페이지는 닫아도 됩니다.
device-refused = 기기를 거부했습니다
device-refused-text = { $app }에서 아무것도 받지 못합니다. 이 페이지는 닫아도 됩니다.
device-none = 여기서는 기기 코드를 받지 않습니다. 관리자가 브랜드 설정에서 기기 코드 흐름을 선택할 수 있습니다.

## Pages about errors

not-found = 페이지를 찾을 수 없음
not-found-text = 이 주소에는 아무것도 없습니다.
no-flow = 이 주소에는 절차가 없습니다.
too-much = 너무 많습니다
too-much-text = 돌아가서 내용을 줄이거나 더 작은 파일을 넣으세요.
busy = 동시에 로그인하는 사람이 너무 많습니다
busy-text = 몇 초 기다린 뒤 다시 시도하세요.
unavailable = 지금은 이용할 수 없습니다
unavailable-text = 서버가 데이터베이스에 연결할 수 없습니다. 몇 초 기다린 뒤 다시 시도하세요.
broken = 문제가 발생했습니다
broken-text = 회원님의 잘못이 아닙니다. 잠시 후 다시 시도하세요.
address-received = 받은 주소
request-error = 요청 오류
client-id-error = 클라이언트 ID 오류
redirect-error = 리디렉션 URI 오류
not-found-short = 찾을 수 없음
not-set-up = 설정되지 않음
begin-again = 처음부터 다시 하세요
begin-again-text = { $app } 로그인이 너무 오래 걸렸거나 이미 끝났습니다. 애플리케이션을 다시 여세요.
no-such-page = 요청한 페이지가 없습니다.
client-unknown = 서버가 이 페이지로 보낸 애플리케이션을 모릅니다. 담당자는 Client ID를 공급자 페이지의 것과 비교하세요.
redirect-missing = 애플리케이션이 돌아갈 곳을 알리지 않았습니다. 담당자는 돌아갈 주소(redirect_uri)를 설정하세요.
redirect-unregistered = 애플리케이션이 등록하지 않은 주소로 돌아가려고 했습니다. 담당자는 이 주소를 그대로 공급자의 Redirect URIs에 추가하세요.
no-saml-application = 여기에는 SAML로 로그인하는 애플리케이션이 없습니다. 주소가 맞나요?
saml-refused = { $name }에서 보낸 메시지를 받을 수 없습니다. 다시 시작하세요. 이 페이지가 또 나타나면 아래 내용을 { $name } 담당자에게 보내세요.
saml-rule = 규칙
saml-wrong = 문제

## What was wrong with an answer

error-name-and-password = 이름과 비밀번호가 일치하지 않습니다. 다시 시도하세요.
error-uid-empty = 사용자 이름이나 이메일 주소를 입력하세요.
error-password-empty = 비밀번호를 입력하세요.
error-code-empty = 코드를 입력하세요.
error-not-right = 올바르지 않습니다.
error-not-accepted = 이 답변은 받아들여지지 않았습니다.
error-password = 비밀번호가 틀렸습니다
error-failed = 로그인하지 못했습니다.
error-page-too-old = 페이지를 너무 오래 열어 두었거나 쿠키가 차단되었습니다. 다시 시도하세요.
error-wait = { $seconds ->
   *[other] 시도가 너무 많습니다. { $seconds }초 후에 다시 시도하세요.
}
error-wait-one = 시도가 너무 많습니다. 1초 후에 다시 시도하세요.
error-code = 코드가 일치하지 않습니다
error-code-limit = 지금은 코드를 더 보낼 수 없습니다. 한 시간 후에 다시 시도하세요.
error-code-unsent = 코드를 보낼 수 없습니다. 관리자에게 확인을 요청하세요.
error-message-unsent = 문자를 보낼 수 없습니다. 관리자에게 확인을 요청하세요.
error-message-refused = 문자 서비스 업체가 발송을 거부했습니다.
error-message-number = 이 번호로는 문자를 보낼 수 없습니다. 번호를 확인하세요.
error-number = 국가 번호를 포함한 올바른 전화번호를 입력하세요: +49 30 123456
error-mail-limit = 보낼 수 있는 횟수를 다 썼습니다. 나중에 처음부터 다시 하세요.
error-required = 필수 항목입니다.
error-blank = 비워 둘 수 없습니다.
error-too-long = { $count ->
   *[other] 최대 { $count }자까지 입력할 수 있습니다.
}
error-integer = 정수를 입력하세요.
error-email = 올바른 이메일 주소를 입력하세요.
error-date = 날짜는 YYYY-MM-DD 형식으로 입력하세요.
error-time = 날짜와 시간은 YYYY-MM-DDThh:mm 형식으로 입력하세요.
error-file-too-large = 파일이 너무 큽니다. 최대 100 KB입니다.
error-passwords-differ = 비밀번호가 서로 다릅니다.
error-username-taken = 이미 사용 중인 사용자 이름입니다.
error-factor-code = 코드가 유효하지 않습니다. 기기의 시간을 확인하고 다시 시도하세요.
error-device = 유효하지 않은 기기
error-device-refused = 확인하지 못했습니다
error-device-type = 허용되지 않는 기기 종류입니다. { $brand } 관리자에게 문의하세요.
error-duo-denied = Duo가 접근을 거부했습니다
error-duo-waiting = 아직 휴대전화에서 응답이 없습니다.
error-duo-unavailable = 지금은 Duo를 설정할 수 없습니다. 관리자에게 확인을 요청하세요.
error-duo-silent = Duo가 응답하지 않았습니다. 다시 시도하세요.
error-duo-exists = 이미 설정된 기기입니다.
error-captcha-token = 확인하지 못했습니다
error-captcha = 캡차 응답이 유효하지 않습니다
error-captcha-retry = 캡차 응답이 유효하지 않습니다. 다시 시도하세요.
error-password-rules = 비밀번호가 규칙에 맞지 않습니다.
error-password-weak = 비밀번호가 너무 약합니다.
error-password-leaked = { $count ->
   *[other] 이 비밀번호는 공개 목록 { $count }개에 있습니다.
}
error-password-expired = 비밀번호가 만료되었습니다.
error-password-short = 비밀번호는 8자 이상이어야 합니다.
error-change-username = 사용자 이름을 바꿀 수 없습니다.
error-change-name = 이름을 바꿀 수 없습니다.
error-change-email = 이메일 주소를 바꿀 수 없습니다.

## Shipped texts of stored objects

shipped-choose-username = { $brand }에 오신 것을 환영합니다! 사용자 이름을 고르세요.
shipped-change-password = 비밀번호 변경
shipped-redirecting = { $app }(으)로 이동 중
shipped-update-info = 내 정보 수정
shipped-logged-out = { $app }에서 로그아웃했습니다.
shipped-invalidation = 로그아웃
shipped-reset-password = 비밀번호 재설정
shipped-delete-account = 계정 삭제
shipped-name = 이름
shipped-locale = 언어
shipped-password-repeat = 비밀번호(다시 입력)
shipped-admin-email = 관리자 이메일
shipped-scope-email = 이메일 주소
shipped-scope-profile = 일반 프로필 정보
shipped-scope-entitlements = 애플리케이션 권한
shipped-scope-offline = 관여 없이 새 토큰 요청
shipped-scope-api = 회원님을 대신한 API 접근
shipped-scope-groups = 그룹 소속
shipped-scope-github-user = GitHub 호환: 사용자 정보 접근
shipped-scope-github-email = GitHub 호환: 이메일 주소 접근
shipped-scope-github-groups = GitHub 호환: 그룹 접근

## Help

help = 도움말
help-your-settings = 내 설정
help-password = 비밀번호가 기억나지 않습니다
help-password-answer = 로그인 페이지에서 ‘비밀번호를 잊으셨나요?’를 선택하세요. 없으면 관리자가 링크를 보내 줄 수 있습니다.
help-lost = 휴대전화나 보안 키를 잃어버렸습니다
help-lost-answer = 복구 코드로 로그인하세요. 코드가 없으면 잃어버린 기기를 계정에서 제거해 달라고 관리자에게 요청하세요.
help-attempts = 시도가 너무 많다고 나옵니다
help-attempts-answer = 표시된 시간만큼 기다리세요. 전에 로그인한 브라우저에서는 다른 사람 때문에 기다릴 일이 없습니다.
help-refused = 애플리케이션에 들어갈 수 없습니다
help-refused-answer = 페이지에 이유가 나옵니다. 페이지 아래의 번호를 관리자에게 알려 주면 어떻게 결정되었는지 볼 수 있습니다.
help-data = 저장된 내 정보를 보거나 바꾸고 싶습니다
help-data-answer = 설정을 여세요. 내 정보, 기기, 세션, 동의한 내용이 있습니다.

## Mails

mail-hello = { $name } 님, 안녕하세요.
mail-sent-by = { $product }에서 보냄.
mail-link-once = 링크는 { $duration } 동안 한 번만 쓸 수 있습니다.
mail-confirm-subject = 이메일 주소를 확인하세요
mail-confirm-welcome = 환영합니다!
mail-confirm-text = 본인 주소임을 확인하면 계정이 준비됩니다:
mail-confirm-do = 주소 확인
mail-confirm-otherwise = 계정을 요청하지 않았다면 아무것도 하지 않아도 됩니다.
mail-reset-subject = 새 비밀번호를 정하세요
mail-reset-text = { $username } 계정의 새 비밀번호를 누군가 요청했습니다. 본인이라면 여기에서 정하세요:
mail-reset-otherwise = 본인이 아니라면 아무것도 하지 않아도 됩니다. 비밀번호는 그대로입니다.
mail-code-subject = 로그인 코드
mail-code-text = 코드는 다음과 같습니다:
mail-code-once = { $duration } 동안 한 번만 쓸 수 있습니다.
mail-code-otherwise = 아무에게도 알려 주지 마세요. 요청하지 않았다면 다른 사람이 비밀번호를 알고 있는 것입니다. 비밀번호를 바꾸세요.
mail-factor-added-subject = 계정에 2단계 인증 수단이 추가되었습니다
mail-factor-removed-subject = 계정에서 2단계 인증 수단이 제거되었습니다
mail-factor-added = { $username } 계정에 2단계 인증 수단이 추가되었습니다:
mail-factor-removed = { $username } 계정에서 2단계 인증 수단이 제거되었습니다:
mail-factor-by = 작업한 사람: { $by }.
mail-factor-by-from = 작업한 사람: { $by }, 주소: { $address }.
mail-factor-from = { $address }에서 작업했습니다.
mail-factor-otherwise = 본인이 했거나 알고 있는 일이면 아무것도 하지 않아도 됩니다. 그렇지 않으면 비밀번호를 바꾸고 2단계 인증 수단을 확인하거나, 관리자에게 계정을 잠가 달라고 요청하세요.
mail-notification = { $product } 알림: { $what }
mail-severity = 중요도
mail-for = 받는 사람
mail-by = 실행한 사람
mail-about = 대상
mail-notice = 알림
mail-warning = 주의
mail-alert = 경고
mail-sent-over = { $product }에서 { $transport }(으)로 보냈습니다.
class-static = 복구 코드
class-totp = 인증 앱
class-webauthn = 패스키 또는 보안 키
class-duo = Duo
class-sms = 문자 코드
class-email = 이메일 코드

## The library and the person's settings

ui-my-applications = 내 애플리케이션
ui-settings = 설정
ui-admin-interface = 관리
ui-sign-out = 로그아웃
ui-sign-in = 로그인
ui-main = 주 메뉴
ui-loading = 불러오는 중
ui-reload = 새로 고침
ui-find = 애플리케이션 찾기
ui-no-apps = 아직 애플리케이션이 없습니다
ui-no-apps-admin = 첫 애플리케이션을 만드세요. 열 수 있는 모든 사람에게 여기 표시됩니다.
ui-no-apps-user = 아직 이용할 수 있는 것이 없습니다. 관리자에게 문의하세요.
ui-create-app = 새 애플리케이션 만들기
ui-applications = 애플리케이션
ui-no-address = 열 주소가 없습니다
ui-edit = 편집
ui-edit-it = { $name } 편집
ui-nothing-matches = ‘{ $text }’와(과) 일치하는 항목이 없습니다
ui-requests = 애플리케이션이 로그인을 요청합니다
ui-request = { $application }에서 로그인을 요청합니다
ui-request-answer = 응답
ui-details = 내 정보
ui-username = 사용자 이름
ui-name = 이름
ui-email = 이메일
ui-groups = 그룹
ui-none = 없음
ui-ways = 로그인 방법
ui-password = 비밀번호
ui-password-hint = 다른 사람이 알 수도 있으면 바꾸세요.
ui-change-password = 비밀번호 변경
ui-mfa = 2단계 인증 수단
ui-enroll = 설정하기
ui-mfa-empty = 아직 없습니다. 2단계 인증을 쓰면 비밀번호를 도둑맞아도 남이 로그인할 수 없습니다.
ui-sources = 연결된 계정
ui-sources-text = 여기에 로그인할 때 쓸 수 있는 다른 곳의 계정입니다.
ui-connect = 연결
ui-connected = 연결됨
ui-disconnect = 연결 해제
ui-disconnect-from = { $source } 연결 해제
ui-disconnect-text = 다시 연결할 때까지 { $source }(으)로 로그인할 수 없습니다.
ui-disconnected = { $source } 연결이 해제되었습니다.
ui-not-set-up = 설정 안 됨
ui-set-up-when = 설정: { $when }
ui-used-when = 사용: { $when }
ui-never-used = 사용한 적 없음
ui-ends-when = 종료: { $when }
ui-endless = 기한 없음
ui-rename = 이름 바꾸기
ui-rename-it = { $name } 이름 바꾸기
ui-name-hint = 서로 구별하기 위한 이름입니다.
ui-delete = 삭제
ui-delete-it = { $name } 삭제
ui-deleted = { $name }을(를) 삭제했습니다.
ui-device-gone = 이것으로 더는 로그인할 수 없습니다. 되돌릴 수 없지만 다시 설정할 수 있습니다.
ui-save = 저장
ui-cancel = 취소
ui-close = 닫기
ui-create = 만들기
ui-sessions = 세션
ui-sign-out-elsewhere = 다른 모든 곳에서 로그아웃
ui-sign-out-elsewhere-text = 로그인한 다른 모든 브라우저와 기기에서 로그아웃되고, 이를 통해 애플리케이션이 얻은 접근 권한이 끝납니다. 이 세션은 유지됩니다.
ui-sessions-ended = { $count ->
   *[other] 세션 { $count }개를 종료했습니다.
}
ui-nowhere-else = 다른 곳에 로그인되어 있지 않았습니다.
ui-browser-on = { $system }의 { $browser }
ui-unknown-browser = 알 수 없는 브라우저
ui-current-session = 현재 세션
ui-end = 종료
ui-end-session = { $name } 세션 종료
ui-end-session-text = 해당 브라우저에서 로그아웃되고, 이를 통해 애플리케이션이 얻은 접근 권한이 끝납니다.
ui-no-session = 세션이 없습니다.
ui-tokens = 토큰과 앱 비밀번호
ui-create-token = 토큰 만들기
ui-create-app-password = 앱 비밀번호 만들기
ui-token = 토큰
ui-app-password = 앱 비밀번호
ui-token-created = 만들었습니다. 목록에서 복사하세요.
ui-no-tokens = 없습니다. 토큰이 있으면 프로그램이 회원님을 대신해 API를 쓸 수 있고, 앱 비밀번호는 페이지를 표시할 수 없는 곳에서 로그인할 때 씁니다.
ui-token-gone = 이것을 쓰는 프로그램은 더는 회원님으로 로그인할 수 없습니다. 되돌릴 수 없습니다.
ui-identifier = 식별자
ui-identifier-hint = 나중에 찾기 위한 이름입니다.
ui-identifier-wrong = 영문자, 숫자, -, _만 사용하세요.
ui-identifier-taken = 이 이름은 이미 있습니다.
ui-description = 설명
ui-copy = 복사
ui-copy-it = { $name } 복사
ui-copied = 복사됨
ui-copy-by-hand = 선택하여 복사하세요
ui-consent = 동의
ui-application = 애플리케이션
ui-no-details = 자세한 내용 없음
ui-withdraw = 철회
ui-withdraw-from = { $app }에 대한 동의 철회
ui-withdraw-text = 다음에 열면 { $app }이(가) 다시 묻습니다.
ui-withdrawn = { $app }에 대한 동의를 철회했습니다.
ui-no-consent = 정보를 알도록 허용한 애플리케이션이 없습니다.
ui-delete-account = 계정 삭제
ui-delete-account-text = 계정이 세션, 토큰, 2단계 인증 수단과 함께 삭제됩니다.
ui-colours = 색상
ui-colours-system = 시스템과 같게
ui-colours-light = 밝게
ui-colours-dark = 어둡게
ui-colours-switch = 색상: { $now }. 바꾸기: { $next }
ui-account-of = { $initials }, { $username } 계정
ui-notifications = 알림
ui-notifications-unread = 알림, 읽지 않음 { $count }개
ui-no-notifications = 새 알림이 없습니다. 알림 규칙이 알리는 내용이 여기에 표시됩니다.
ui-notice = 안내
ui-warning = 경고
ui-alert = 위험
ui-show-event = 이벤트 보기
ui-mark-seen = 읽음으로 표시
ui-clear-all = 모두 지우기
ui-acting = { $original }님이 { $username }(으)로 작업하고 있습니다.
ui-stop-acting = 이 사람으로 작업 그만두기
ui-session-ended = 세션이 끝났습니다
ui-confirm-you = 본인인지 확인
ui-other-person = { $other }(으)로 로그인했지만 이 페이지는 { $name }의 것입니다. 로그아웃한 뒤 { $name }(으)로 로그인하거나, 페이지를 새로 고쳐 { $other }(으)로 계속하세요.
ui-prove = 로그인 방법이 바뀌는 작업이므로 한 번 더 로그인하세요. 돌아오면 바로 실행됩니다.
ui-sign-in-again = 계속하려면 { $name }(으)로 다시 로그인하세요. 입력한 내용은 남아 있으며 돌아오면 바로 전송됩니다.
ui-blocked = 브라우저가 창을 열지 않았습니다. 다른 탭에서 이 서버를 열고 로그인한 뒤 돌아오세요.
ui-waiting = 다른 창에서 로그인하기를 기다리고 있습니다.
ui-reload-page = 페이지 새로 고침
ui-sign-out-person = { $name } 로그아웃
ui-not-now = 나중에
ui-not-proved = 다시 로그인하지 않아 아무것도 바뀌지 않았습니다.
ui-not-signed-in = 다시 로그인하지 않았습니다. 입력한 내용은 남아 있습니다.
ui-not-found = 찾을 수 없음
ui-not-loaded = 불러오지 못했습니다
ui-go-back = 뒤로
ui-try-again = 다시 시도
ui-dismiss = 닫기
ui-fields-wrong = 다시 확인할 항목이 있습니다.
ui-error-denied = 이 작업을 할 수 없습니다. 관리자에게 권한을 요청하세요.
ui-error-gone = 더 이상 존재하지 않습니다.
ui-error-changed = 그사이 다른 사람이 변경했습니다. 새로 고쳐 다시 시도하세요.
ui-error-often = 요청이 너무 많습니다. 잠시 기다린 뒤 다시 시도하세요.
ui-error-busy = 서버가 바쁘거나 준비되지 않았습니다. 잠시 후 다시 시도하세요.
ui-error-other = 서버가 오류로 응답했습니다({ $status }). 이유는 로그에 있습니다.
ui-unreachable = 서버에 연결할 수 없습니다. 연결을 확인하고 다시 시도하세요.
ui-signed-in = 로그인했습니다
ui-signed-in-text = 이 창을 닫고 다른 창에서 계속하세요. 입력한 내용은 그대로 있습니다.
ui-now = 방금
ui-soon = 곧
