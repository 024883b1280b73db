## What every page may say

continue = Продолжить
cancel = Отмена
or = или
yes = Да
no = Нет
sign-in = Войти
sign-out = Выйти
log-in = Войти
try-again = Повторить
switch-account = Сменить учётную запись
my-applications = Мои приложения
start-page = На главную страницу
copy = Копировать
copied = Скопировано
print = Печать
request-number = Запрос
run-number = Номер обращения
why = Почему? (для администраторов)
not-you = Это не вы?
signed-in-as = Вы вошли как { $person }.
ask-for-access = Если вам нужно приложение { $app }, обратитесь к тем, кто управляет { $brand }, и сообщите номер ниже.
one-moment = Минутку
press-button = Если ничего не происходит, нажмите кнопку.
sent-on = Выполняется переход.
show = Показать
hide = Скрыть
show-password = Показать пароль
hide-password = Скрыть пароль
caps-lock = Включён Caps Lock.
needs-script = Для этой страницы нужен JavaScript. Для входа он не нужен.
duration-seconds = { $count ->
    [one] { $count } секунду
    [few] { $count } секунды
    [many] { $count } секунд
   *[other] { $count } секунды
}
duration-minutes = { $count ->
    [one] { $count } минуту
    [few] { $count } минуты
    [many] { $count } минут
   *[other] { $count } минуты
}
duration-hours = { $count ->
    [one] { $count } час
    [few] { $count } часа
    [many] { $count } часов
   *[other] { $count } часа
}
duration-days = { $count ->
    [one] { $count } день
    [few] { $count } дня
    [many] { $count } дней
   *[other] { $count } дня
}

## Sign in

username-label = Имя пользователя
email-label = Эл. почта
upn-label = UPN
either = { $one } или { $other }
password-label = Пароль
enter-password = Введите пароль
forgot-password = Забыли пароль?
forgot-either = Забыли имя пользователя или пароль?
remember-me = Запомнить меня на этом устройстве
use-security-key = Использовать ключ безопасности
continue-with = Продолжить через { $source }
no-account = Нет учётной записи?
sign-up = Зарегистрируйтесь
to-continue-to = чтобы перейти в { $app }
stay-signed-in = Оставаться в системе?
stay-signed-in-hint = Выбирайте «Да» только на устройстве, которым больше никто не пользуется.
are-you-a-person = Вы человек?
person-needs-script = Эта страница проверяет, что вы человек, и для этого нужен JavaScript. В этом браузере он выключен.
person-failed = Проверка не сработала. Обновите страницу и попробуйте ещё раз.
person-unreachable = Служба, которая проверяет, что вы человек, недоступна.

## Passwords

strength-hint = Лучше длинный, чем сложный: хватит четырёх-пяти не связанных между собой слов.
strength-short = Слишком короткий.
strength-weak = Слабый. Можно подобрать за минуты.
strength-fair = Средний. Без подключения к серверу можно подобрать за дни.
strength-strong = Надёжный. Подбор занял бы годы.
strength-very-strong = Очень надёжный. Подбор занял бы века.

## Second factors and passkeys

confirm-you = Подтвердите, что это вы
passkey-sign-in = Вход с ключом доступа
passkey-asks = Браузер запрашивает ключ доступа или ключ безопасности.
passkey-use = Использовать ключ доступа
passkey-needs-script = Для ключей доступа нужен JavaScript, который в этом браузере выключен.
passkey-unsupported = Этот браузер не поддерживает ключи доступа, или страница открыта не по HTTPS.
passkey-exists = На этом устройстве у вас уже есть ключ доступа. Используйте другое устройство или имеющийся ключ.
passkey-address = По этому адресу ключи доступа не работают. Откройте страницу по имени и через HTTPS.
passkey-not-made = Ключ доступа не создан. Можно попробовать ещё раз.
passkey-not-used = Ключ доступа не использован. Можно попробовать ещё раз.
passkey-browser-failed = Браузер сообщает об ошибке: { $reason }
passkey-unknown = Этот ключ доступа здесь неизвестен. Возможно, он удалён.
passkey-refused = Этот ключ доступа не принят. Попробуйте ещё раз.
passkey-set-up = Настройка ключа доступа
passkey-set-up-hint = Вход по отпечатку пальца, лицу, PIN-коду или ключу безопасности.
passkey-set-up-where = Браузер спросит, где его хранить: на этом устройстве, в менеджере паролей, на телефоне или на ключе безопасности. Можно настроить несколько.
factor-set-up = Настройка второго фактора
factor-set-up-hint = Для входа сюда одного пароля мало. Выберите, что хотите использовать.
factor-recovery-code = Код восстановления
factor-recovery-code-hint = Каждый действует один раз.
factor-recovery-code-use = Использовать код восстановления
factor-mail-code = Код из письма
factor-mail-code-use = Получить код по почте
factor-message-code = Код из SMS
factor-message-code-use = Получить код по SMS
factor-duo-code = Код из Duo Mobile
factor-duo-use = Использовать Duo
factor-app-code = Код из приложения-аутентификатора
factor-app-use = Использовать приложение-аутентификатор
factor-sent-to = Отправлено на { $to }.
factor-code-wrong = Код неверный или уже использован.
factor-app-code-wrong = Код неверный или уже использован. Дождитесь следующего.
factor-duo-refused = Duo не принял этот код.
factor-ask-phone = Спросить на моём телефоне
code-sent-to = Мы отправили код на { $to }.
send-code = Отправить код
send-another-code = Отправить новый код
use-another-address = Другой адрес
use-another-number = Другой номер
mail-codes-set-up = Настройка кодов по почте
mail-codes-set-up-hint = Теперь при входе нужен будет и код, отправленный на ваш адрес.
mail-codes-address = Адрес эл. почты
text-codes-set-up = Настройка кодов по SMS
text-codes-set-up-hint = Мы отправим код на ваш телефон, чтобы убедиться, что номер ваш.
text-codes-number = Номер телефона
text-codes-number-hint = С кодом страны, например +49 30 123456.
app-set-up = Настройка приложения-аутентификатора
app-set-up-hint = Теперь при входе нужен будет и код с вашего телефона.
app-scan = Отсканируйте это приложением-аутентификатором, например Google Authenticator, Aegis или 1Password.
app-qr = QR-код для приложения-аутентификатора
app-no-scan = Не получается отсканировать?
app-type-key = Введите этот ключ в приложение или
app-open = откройте приложение на этом устройстве
app-code = Код из приложения
app-code-hint = Приложение показывает новый каждые 30 секунд.
duo-set-up = Настройка Duo
duo-set-up-hint = Теперь при входе нужно будет и подтверждение на телефоне.
duo-scan = Отсканируйте это приложением Duo Mobile и продолжите.
duo-qr = QR-код для Duo Mobile
duo-open = Открыть Duo Mobile на этом устройстве
duo-waits = Duo ещё не знает вашего телефона. Сначала отсканируйте код в Duo Mobile.
recovery-codes-keep = Сохраните коды восстановления
recovery-codes-keep-hint = Каждый позволяет войти один раз, если другого второго фактора нет под рукой.
recovery-codes-print = Распечатайте эти коды или сохраните в менеджере паролей. Больше они не будут показаны.
recovery-codes-saved = Коды сохранены

## Consent

consent-wants = хочет знать, кто вы
consent-new = { $what } (новое)
consent-nothing = Передаётся только номер, который вас обозначает.
consent-back-to = Вы вернётесь на { $target }.
consent-withdraw = Это можно отозвать в разделе «Настройки», «Согласия».
consent-name = Ваше имя и имя пользователя
consent-email = Ваш адрес эл. почты
consent-groups = Ваши группы
consent-away = Доступ в ваше отсутствие
consent-away-hint = Без повторного вопроса, пока вы это не отзовёте

## Recovery and links

check-mail = Проверьте почту
check-mail-confirm = Мы отправили ссылку на указанный адрес. Откройте её, чтобы подтвердить, что адрес ваш.
check-mail-recovery = Если такая учётная запись есть, письмо со ссылкой уже в пути.
check-mail-note = Ссылка действует один раз, { $duration }. Её можно открыть в другом браузере.
check-mail-again = Отправляем ещё раз. Загляните и в папку со спамом.
send-it-again = Отправить ещё раз
link-signs-in = По этой ссылке можно войти один раз.
link-works-once = Эта ссылка действует один раз. Продолжайте, когда будете готовы.
link-expired = Ссылка больше не действует
link-expired-why = Она уже использована, истекла или относится не к той учётной записи, в которую вы вошли. Запросите новую.

## The own account

delete-account = Удалить учётную запись?
delete-account-warning = Учётная запись будет удалена вместе с сеансами, токенами и вторыми факторами. Отменить это нельзя.
delete-account-do = Удалить мою учётную запись
asked-to-sign-out = Вас просят выйти.
language-of-browser = Автоматически (язык браузера)

## Sign out

sign-out-question = Выйти?
logged-out = Вы вышли
logged-out-of = Вы вышли из { $app }
still-signed-in = Вы всё ещё в { $brand }.
log-out-of = Выйти из { $brand }
log-back-into = Снова войти в { $app }
back-to-overview = Вернуться на главную
signed-out = Выход выполнен
signed-out-text = Вы вышли.
signed-out-unregistered = Вы вышли. Запрос должен был направить вас на адрес, который приложение не зарегистрировало.
sign-out-asked-by = { $app } просит вас выйти и здесь.
sign-out-all-the-same = Вы всё равно можете выйти.
sign-out-here = Всё равно выйти
sign-out-not-understood = Непонятный запрос на выход
go-to = Перейти в { $app }
go-on-to = Продолжить в { $app }
redirecting = Переход…
redirecting-to-dots = Переход в { $app }…
signing-out = Выполняется выход
signing-out-text = Выполняется выход из ваших приложений.
signed-out-everywhere = Вы вышли здесь и в ваших приложениях.
signed-out-here = Вы вышли здесь
signed-out-not-all = Выйти удалось не из всех приложений.
sign-out-asked = Ваш браузер попросил его завершить ваш сеанс
sign-out-open = Возможно, ваш сеанс там ещё открыт.
sign-out-trying = Пока нет связи. Сервер будет пробовать ещё несколько минут.
sign-out-failed = Нет связи. Возможно, ваш сеанс там ещё открыт.
open-it = Открыть

## Refusals

open-denied = Вам нельзя открыть { $app }
sign-in-denied = Вам нельзя войти
go-on-denied = Дальше вам нельзя
denied-generic = С вашей учётной записью всё в порядке; просто это приложение не для неё.
denied-group = С вашей учётной записью всё в порядке; это приложение для группы { $groups }.
denied-groups = С вашей учётной записью всё в порядке; это приложение для групп { $groups }.
denied-rule = Это правило ({ $rule }) не выполнено.
denied-account = Этот шаг не для учётной записи, в которую вы вошли.
denied-nobody = Этот шаг вам сейчас недоступен.
denied-passwords = Слишком много неверных паролей. Начните заново или запросите новый пароль.
set-up-finished = Установка завершена
set-up-finished-why = Администратор уже есть; эта страница остаётся закрытой.
welcome-to = { $brand }: добро пожаловать
set-up-hint = Создайте первого администратора. После этого страница закроется навсегда.
set-up-username = Ваше имя пользователя — akadmin. Позже его можно изменить.
insiders-only = Этот интерфейс только для внутренних пользователей.
insiders-only-why = С вашей учётной записью всё в порядке. Откройте нужное приложение по его собственному адресу.
administrators-only = Этот раздел для администраторов
administrators-only-why = С вашей учётной записью всё в порядке; просто ей здесь нечего делать.
no-address = У этого приложения нет адреса, который можно открыть. Администратор может задать ему адрес запуска.
denied-permission = Доступ запрещён
denied-request = Запрос отклонён.
denied-no-application = Приложение не найдено: этот провайдер ещё ни к одному не привязан.
denied-changed = Приложение тем временем изменили.
denied-saml-set-up = Вход в это приложение настроен неправильно.
denied-rule-failed = Правило, которое решает об этом шаге, не сработало или удалено. Попросите администратора проверить.
denied-flow-changed = Администратор изменил этот процесс, пока вы его проходили.
denied-server-updated = Сервер тем временем обновили.
denied-stage-deleted = Этот шаг тем временем удалили.
denied-question-deleted = Вопрос с этой страницы удалён.
denied-account-gone = Этой учётной записи больше нет.
denied-acting = Вы действуете от имени другого человека. Второй фактор может настроить только он сам.
denied-acting-delete = Вы действуете от имени другого человека. Свою учётную запись может удалить только он сам.
denied-sign-in-first = Войдите, прежде чем настраивать второй фактор.
denied-sign-in-first-delete = Войдите, прежде чем удалять учётную запись.
denied-other-account = Эта ссылка для другой учётной записи.
denied-mail = Письмо нельзя отправить. Попросите администратора проверить.
denied-no-factor = Нет настроенного (разрешённого) второго фактора.
denied-invitation = Приглашение недействительно или не найдено
denied-invitation-signed-in = У вас уже есть учётная запись. Выйдите, чтобы использовать приглашение.
denied-set-up-done = Установка уже завершена. Войдите в созданную учётную запись.
denied-update = Не удалось сохранить учётную запись. Попробуйте позже.

## Signing in by a source

source-refused = Не удаётся войти через { $source }
source-some = этот источник
source-unknown = Такого источника нет, или он отключён.
source-acting = Вы действуете от имени другого человека. Связать свою учётную запись может только он сам.
source-connect = Связать { $source }?
source-connect-text = После этого тот, кто входит в { $source } как вы, войдёт здесь как { $user }.
source-connect-action = Связать
source-over = Это заняло слишком много времени, уже сделано или начато в другом браузере. Начните заново.
source-gone = Этот источник отключили или удалили, пока вы входили.
source-unnamed = Источник не сообщил, кто вы.
source-rules = Правила этого источника не пускают вас.
source-unreadable = Правило этого сервера не смогло прочитать то, что источник сообщил о вас. Попросите администратора посмотреть.
source-no-enrollment = Этот источник не создаёт учётных записей.
source-no-flow = Настроенный поток не существует.
source-connected-elsewhere = Эта запись связана с другой учётной записью, или ваша — с другой записью { $source }.
source-somebody-else = Вы вошли здесь под учётной записью, которая с этой не связана. Сначала выйдите или свяжите её в настройках.
source-denied = Вход через { $source } отклонён. Войдите так, как вы регистрировались.
source-elsewhere = Эта запись связана с другой учётной записью, или её тем временем отвязали.
source-groups = Не удалось обновить группы. Попробуйте позже.
source-not-waiting = То, что вы делали, тем временем закончилось или относится к другой учётной записи. Начните заново.
source-no-account = Для этой записи не найдено учётной записи.
source-missing = Источник не существует
certificate-missing = Требуется сертификат, но он не был предъявлен.
certificate-of-nobody = Этому сертификату не соответствует ни одна учётная запись.
source-wrong = Этот источник настроен неправильно. Администратор найдёт причину в событиях.

## Connecting a device

device-title = Подключить устройство
device-text = Введите код, который показывает устройство.
device-code = Код на устройстве
device-code-help = Девять цифр, с пробелами или без.
device-unknown = С этим кодом не ждёт ни одно устройство. Посмотрите на него: возможно, там уже новый код.
device-sign-in = Войти в { $app } на устройстве?
device-shows = Устройство перед вами показывает этот код?
device-warning = Тот, у кого это устройство, войдёт в { $app } от вашего имени. Если вам прислали этот код или ссылку на эту страницу, откажите.
device-deny = Отказать
device-allow = Разрешить
device-gone = Срок кода истёк, или на него уже ответили. Начните на устройстве заново: оно покажет новый.
device-acting = Вы действуете от имени другого человека. Подключить устройство может только он.
device-connected = Устройство подключено
device-connected-text = Выполняется вход в { $app }. Вернитесь к устройству; эту страницу можно закрыть.
device-refused = Устройству отказано
device-refused-text = Оно ничего не получит от { $app }. Эту страницу можно закрыть.
device-none = Коды устройств здесь не принимаются. Администратор может выбрать процесс для кодов устройств в настройках бренда.

## Pages about errors

not-found = Страница не найдена
not-found-text = По этому адресу ничего нет.
no-flow = По этому адресу нет процесса.
too-much = Это слишком много
too-much-text = Вернитесь и введите меньше или выберите файлы поменьше.
busy = Слишком много входов одновременно
busy-text = Подождите несколько секунд и попробуйте ещё раз.
unavailable = Сейчас недоступно
unavailable-text = Сервер не может связаться со своей базой данных. Подождите несколько секунд и попробуйте ещё раз.
broken = Что-то пошло не так
broken-text = Это не ваша вина. Попробуйте ещё раз через минуту.
address-received = Полученный адрес
request-error = Ошибка запроса
client-id-error = Ошибка Client ID
redirect-error = Ошибка адреса возврата
not-found-short = Не найдено
not-set-up = Не настроено
begin-again = Начните заново
begin-again-text = Вход в { $app } длился слишком долго или уже завершён. Откройте приложение ещё раз.
no-such-page = Запрошенной страницы нет.
client-unknown = Сервер не знает приложение, которое вас сюда направило. Тем, кто им управляет, следует сравнить его Client ID с указанным на странице провайдера.
redirect-missing = Приложение не сообщило, куда вернуться. Тем, кто им управляет, нужно задать адрес возврата (redirect_uri).
redirect-unregistered = Приложение попросило вернуться на адрес, который оно не зарегистрировало. Тем, кто им управляет, нужно добавить именно его в Redirect URIs провайдера.
no-saml-application = Здесь нет приложения, входящего через SAML. Адрес верный?
saml-refused = { $name } присылает сообщение, которое здесь не принимается. Начните заново; если эта страница появится снова, отправьте то, что ниже, тем, кто отвечает за { $name }.
saml-rule = Правило
saml-wrong = В чём ошибка

## What was wrong with an answer

error-name-and-password = Имя и пароль не подходят друг к другу. Попробуйте ещё раз.
error-uid-empty = Введите имя пользователя или адрес эл. почты.
error-password-empty = Введите пароль.
error-code-empty = Введите код.
error-not-right = Это неверно.
error-not-accepted = Эти ответы не приняты.
error-password = Неверный пароль
error-failed = Войти не удалось.
error-page-too-old = Страница была открыта слишком долго, или файлы cookie заблокированы. Попробуйте ещё раз.
error-wait = { $seconds ->
    [one] Слишком много попыток. Попробуйте через { $seconds } секунду.
    [few] Слишком много попыток. Попробуйте через { $seconds } секунды.
    [many] Слишком много попыток. Попробуйте через { $seconds } секунд.
   *[other] Слишком много попыток. Попробуйте через { $seconds } секунды.
}
error-wait-one = Слишком много попыток. Попробуйте через 1 секунду.
error-code = Код не подходит
error-code-limit = Больше кодов сейчас отправить нельзя. Попробуйте через час.
error-code-unsent = Код нельзя отправить. Попросите администратора проверить.
error-message-unsent = SMS нельзя отправить. Попросите администратора проверить.
error-message-refused = Поставщик SMS отказался отправить сообщение.
error-message-number = На этот номер нельзя отправить SMS. Проверьте его.
error-number = Введите правильный номер телефона с кодом страны: +49 30 123456.
error-mail-limit = Письмо уже отправлено столько раз, сколько можно. Начните заново позже.
error-required = Это поле обязательно.
error-blank = Это поле не может быть пустым.
error-too-long = { $count ->
    [one] Не больше { $count } символа.
    [few] Не больше { $count } символов.
    [many] Не больше { $count } символов.
   *[other] Не больше { $count } символа.
}
error-integer = Введите целое число.
error-email = Введите правильный адрес эл. почты.
error-date = Введите дату так: ГГГГ-ММ-ДД.
error-time = Введите дату и время так: ГГГГ-ММ-ДДTчч:мм.
error-file-too-large = Файл слишком большой: не больше 100 КБ.
error-passwords-differ = Пароли не совпадают.
error-username-taken = Это имя пользователя уже занято.
error-factor-code = Неверный код. Проверьте время на устройстве и попробуйте ещё раз.
error-device = Недопустимое устройство
error-device-refused = Проверка не удалась
error-device-type = Этот тип устройства не разрешён. Обратитесь к администраторам { $brand }.
error-duo-denied = Duo отказал в доступе
error-duo-waiting = На телефоне ещё никто не ответил.
error-duo-unavailable = Duo сейчас нельзя настроить. Попросите администратора проверить.
error-duo-silent = Duo не ответил. Попробуйте ещё раз.
error-duo-exists = Это устройство уже настроено.
error-captcha-token = Проверка не удалась
error-captcha = Неверный ответ капчи
error-captcha-retry = Неверный ответ капчи. Попробуйте ещё раз.
error-password-rules = Пароль не соответствует правилам.
error-password-weak = Пароль слишком слабый.
error-password-leaked = { $count ->
    [one] Пароль есть в { $count } открытом списке.
    [few] Пароль есть в { $count } открытых списках.
    [many] Пароль есть в { $count } открытых списках.
   *[other] Пароль есть в { $count } открытых списках.
}
error-password-expired = Срок действия пароля истёк.
error-password-short = Пароль должен быть не короче 8 символов.
error-change-username = Вам нельзя менять имя пользователя.
error-change-name = Вам нельзя менять имя.
error-change-email = Вам нельзя менять адрес эл. почты.

## Shipped texts of stored objects

shipped-choose-username = { $brand }: добро пожаловать! Выберите имя пользователя.
shipped-change-password = Изменить пароль
shipped-redirecting = Переход в { $app }
shipped-update-info = Изменить свои данные
shipped-logged-out = Вы вышли из { $app }.
shipped-invalidation = Выход
shipped-reset-password = Сброс пароля
shipped-delete-account = Удаление учётной записи
shipped-name = Имя
shipped-locale = Язык
shipped-password-repeat = Пароль (ещё раз)
shipped-admin-email = Эл. почта администратора
shipped-scope-email = Адрес эл. почты
shipped-scope-profile = Общие сведения профиля
shipped-scope-entitlements = Права в приложении
shipped-scope-offline = Получение новых токенов без вашего участия
shipped-scope-api = Доступ к API от вашего имени
shipped-scope-groups = Членство в группах
shipped-scope-github-user = Совместимость с GitHub: доступ к данным пользователя
shipped-scope-github-email = Совместимость с GitHub: доступ к адресам эл. почты
shipped-scope-github-groups = Совместимость с GitHub: доступ к вашим группам

## Help

help = Справка
help-your-settings = Ваши настройки
help-password = Я не помню пароль
help-password-answer = На странице входа выберите «Забыли пароль?». Если этого там нет, администратор может прислать вам ссылку.
help-lost = У меня больше нет телефона или ключа безопасности
help-lost-answer = Войдите с одним из кодов восстановления. Если их нет, попросите администратора удалить потерянное устройство из вашей учётной записи.
help-attempts = Написано, что было слишком много попыток
help-attempts-answer = Подождите указанное время. В браузере, в котором вы уже входили, другие не могут заставить вас ждать.
help-refused = Приложение меня не пускает
help-refused-answer = На странице сказано почему. Сообщите номер внизу страницы администратору: он увидит, как принималось решение.
help-data = Я хочу увидеть или изменить то, что обо мне хранится
help-data-answer = Откройте настройки: там ваши данные, устройства, сеансы и согласия.

## Mails

mail-hello = Здравствуйте, { $name }!
mail-sent-by = Отправлено { $product }.
mail-link-once = Ссылка действует один раз, { $duration }.
mail-confirm-subject = Подтвердите адрес
mail-confirm-welcome = Добро пожаловать!
mail-confirm-text = Подтвердите, что этот адрес ваш, и учётная запись будет готова:
mail-confirm-do = Подтвердить адрес
mail-confirm-otherwise = Если вы не запрашивали учётную запись, ничего не делайте.
mail-reset-subject = Выберите новый пароль
mail-reset-text = Кто-то запросил новый пароль для вашей учётной записи { $username }. Если это вы, задайте его здесь:
mail-reset-otherwise = Если это не вы, ничего не делайте: пароль останется прежним.
mail-code-subject = Ваш код для входа
mail-code-text = Ваш код:
mail-code-once = Он действует один раз, { $duration }.
mail-code-otherwise = Никому его не сообщайте. Если вы его не запрашивали, кто-то другой знает ваш пароль: измените его.
mail-factor-added-subject = В вашу учётную запись добавлен второй фактор
mail-factor-removed-subject = Из вашей учётной записи удалён второй фактор
mail-factor-added = В вашу учётную запись { $username } добавлен второй фактор:
mail-factor-removed = Из вашей учётной записи { $username } удалён второй фактор:
mail-factor-by = Это сделал пользователь { $by }.
mail-factor-by-from = Это сделал пользователь { $by } с адреса { $address }.
mail-factor-from = Это сделано с адреса { $address }.
mail-factor-otherwise = Если это вы или вы об этом знаете, делать ничего не нужно. Если нет, измените пароль и проверьте вторые факторы или попросите администратора заблокировать учётную запись.
mail-notification = Уведомление { $product }: { $what }
mail-severity = Важность
mail-for = Для
mail-by = Кто
mail-about = О ком
mail-notice = Сообщение
mail-warning = Предупреждение
mail-alert = Тревога
mail-sent-over = Отправлено { $product } через { $transport }.
class-static = коды восстановления
class-totp = приложение-аутентификатор
class-webauthn = ключ доступа или ключ безопасности
class-duo = Duo
class-sms = коды по SMS
class-email = коды по почте

## The library and the person's settings

ui-my-applications = Мои приложения
ui-settings = Настройки
ui-admin-interface = Администрирование
ui-sign-out = Выйти
ui-sign-in = Войти
ui-main = Главное меню
ui-loading = Загрузка
ui-reload = Обновить
ui-find = Найти приложение
ui-no-apps = Приложений пока нет
ui-no-apps-admin = Создайте первое; оно появится здесь у всех, кому можно его открыть.
ui-no-apps-user = Вам пока ничего не открыто. Обратитесь к администратору.
ui-create-app = Создать приложение
ui-applications = Приложения
ui-no-address = Нет адреса, который можно открыть
ui-edit = Изменить
ui-edit-it = Изменить { $name }
ui-nothing-matches = Ничего не найдено: «{ $text }»
ui-requests = Приложения просят вас войти
ui-request = { $application } просит вас войти
ui-request-answer = Ответить
ui-details = Ваши данные
ui-username = Имя пользователя
ui-name = Имя
ui-email = Эл. почта
ui-groups = Группы
ui-none = Нет
ui-ways = Способы входа
ui-password = Пароль
ui-password-hint = Измените его, если его может знать кто-то другой.
ui-change-password = Изменить пароль
ui-mfa = Вторые факторы
ui-enroll = Настроить
ui-mfa-empty = Пока нет. Со вторым фактором украденного пароля мало, чтобы войти под вашим именем.
ui-sources = Связанные учётные записи
ui-sources-text = Учётные записи в других местах, с которыми можно войти сюда.
ui-connect = Связать
ui-connected = Связано
ui-disconnect = Отвязать
ui-disconnect-from = Отвязать { $source }
ui-disconnect-text = Вы не сможете войти через { $source }, пока не свяжете его снова.
ui-disconnected = { $source } больше не связан.
ui-not-set-up = Не настроено
ui-set-up-when = настроено { $when }
ui-used-when = использовано { $when }
ui-never-used = не использовалось
ui-ends-when = заканчивается { $when }
ui-endless = бессрочно
ui-rename = Переименовать
ui-rename-it = Переименовать { $name }
ui-name-hint = Чтобы отличать одно от другого.
ui-delete = Удалить
ui-delete-it = Удалить { $name }
ui-deleted = { $name }: удалено.
ui-device-gone = Войти с его помощью больше нельзя. Отменить это нельзя, но его можно настроить заново.
ui-save = Сохранить
ui-cancel = Отмена
ui-close = Закрыть
ui-create = Создать
ui-sessions = Сеансы
ui-sign-out-elsewhere = Выйти везде, кроме этого места
ui-sign-out-elsewhere-text = На всех остальных браузерах и устройствах сеансы завершатся, и то, что через них получили приложения, перестанет действовать. Этот сеанс останется.
ui-sessions-ended = { $count ->
    [one] Завершён { $count } сеанс.
    [few] Завершено { $count } сеанса.
    [many] Завершено { $count } сеансов.
   *[other] Завершено { $count } сеанса.
}
ui-nowhere-else = Других сеансов у вас не было.
ui-browser-on = { $browser }, { $system }
ui-unknown-browser = Неизвестный браузер
ui-current-session = Этот сеанс
ui-end = Завершить
ui-end-session = Завершить сеанс: { $name }
ui-end-session-text = Сеанс в этом браузере завершится, и то, что через него получили приложения, перестанет действовать.
ui-no-session = Сеансов нет.
ui-tokens = Токены и пароли приложений
ui-create-token = Создать токен
ui-create-app-password = Создать пароль приложения
ui-token = Токен
ui-app-password = Пароль приложения
ui-token-created = Создано. Скопируйте из списка.
ui-no-tokens = Нет. С токеном программа использует API от вашего имени; пароль приложения нужен там, где нельзя показать страницу.
ui-token-gone = Программы, которые его используют, больше не смогут входить от вашего имени. Отменить это нельзя.
ui-identifier = Идентификатор
ui-identifier-hint = Имя, по которому вы его найдёте.
ui-identifier-wrong = Только буквы, цифры, - и _.
ui-identifier-taken = Такое имя у вас уже есть.
ui-description = Описание
ui-copy = Копировать
ui-copy-it = Копировать { $name }
ui-copied = Скопировано
ui-copy-by-hand = Выделите и скопируйте
ui-consent = Согласия
ui-application = Приложение
ui-no-details = без подробностей
ui-withdraw = Отозвать
ui-withdraw-from = Отозвать согласие для { $app }
ui-withdraw-text = { $app } спросит снова, когда вы его откроете.
ui-withdrawn = Ваше согласие для { $app } отозвано.
ui-no-consent = Вы не разрешали приложениям ничего о вас узнавать.
ui-delete-account = Удалить учётную запись
ui-delete-account-text = Учётная запись будет удалена вместе с сеансами, токенами и вторыми факторами.
ui-colours = Цвета
ui-colours-system = Как в системе
ui-colours-light = Светлые
ui-colours-dark = Тёмные
ui-colours-switch = Цвета: { $now }. Переключить на: { $next }
ui-account-of = { $initials }, учётная запись { $username }
ui-notifications = Уведомления
ui-notifications-unread = Уведомления, непрочитанных: { $count }
ui-no-notifications = Новых уведомлений нет. Здесь появляется то, о чём сообщают правила уведомлений.
ui-notice = сведения
ui-warning = предупреждение
ui-alert = тревога
ui-show-event = Показать событие
ui-mark-seen = Отметить как прочитанное
ui-clear-all = Очистить всё
ui-acting = Вы — { $original } и действуете как { $username }.
ui-stop-acting = Больше не действовать от его имени
ui-session-ended = Ваш сеанс завершён
ui-confirm-you = Подтвердите, что это вы
ui-other-person = Вы вошли как { $other }, а эта страница принадлежит { $name }. Выйдите и войдите как { $name } или обновите страницу, чтобы продолжить как { $other }.
ui-prove = Это меняет способ входа, поэтому войдите ещё раз. Всё будет сделано, как только вы вернётесь.
ui-sign-in-again = Войдите снова как { $name }, чтобы продолжить. Введённое вами сохранилось и будет отправлено, как только вы вернётесь.
ui-blocked = Браузер не открыл окно. Откройте этот сервер в другой вкладке, войдите там и вернитесь.
ui-waiting = Ждём, пока вы войдёте в другом окне.
ui-reload-page = Обновить страницу
ui-sign-out-person = Выйти из { $name }
ui-not-now = Не сейчас
ui-not-proved = Ничего не изменено, так как вы не вошли ещё раз.
ui-not-signed-in = Вы не вошли снова. Введённое вами сохранилось.
ui-not-found = Не найдено
ui-not-loaded = Не удалось загрузить
ui-go-back = Назад
ui-try-again = Повторить
ui-dismiss = Скрыть
ui-fields-wrong = Проверьте некоторые поля.
ui-error-denied = Вам это нельзя. Попросите разрешение у администратора.
ui-error-gone = Этого больше нет.
ui-error-changed = Тем временем это изменил кто-то другой. Обновите страницу и попробуйте ещё раз.
ui-error-often = Слишком много запросов. Подождите немного и попробуйте ещё раз.
ui-error-busy = Сервер занят или не готов. Попробуйте через минуту.
ui-error-other = Сервер ответил ошибкой ({ $status }). Причина в его журнале.
ui-unreachable = Сервер недоступен. Проверьте соединение и попробуйте ещё раз.
ui-signed-in = Вы вошли
ui-signed-in-text = Закройте это окно и продолжайте в другом. Введённое там сохранилось.
ui-now = только что
ui-soon = сейчас
