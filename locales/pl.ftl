## What every page may say

continue = Dalej
cancel = Anuluj
or = lub
yes = Tak
no = Nie
sign-in = Zaloguj się
sign-out = Wyloguj się
log-in = Zaloguj się
try-again = Spróbuj ponownie
switch-account = Zmień konto
my-applications = Moje aplikacje
start-page = Przejdź do strony głównej
copy = Kopiuj
copied = Skopiowano
print = Drukuj
request-number = Żądanie
run-number = Numer sprawy
why = Dlaczego? (administratorzy)
not-you = To nie Ty?
signed-in-as = Zalogowano jako { $person }.
ask-for-access = Jeśli potrzebujesz { $app }, zwróć się do osób prowadzących { $brand } i podaj im poniższy numer.
one-moment = Chwileczkę
press-button = Jeśli nic się nie dzieje, naciśnij przycisk.
sent-on = Trwa przekierowanie.
show = Pokaż
hide = Ukryj
show-password = Pokaż hasło
hide-password = Ukryj hasło
caps-lock = Klawisz Caps Lock jest włączony.
needs-script = Ta strona wymaga JavaScriptu. Logowanie działa bez niego.
duration-seconds = { $count ->
    [one] { $count } sekundę
    [few] { $count } sekundy
    [many] { $count } sekund
   *[other] { $count } sekundy
}
duration-minutes = { $count ->
    [one] { $count } minutę
    [few] { $count } minuty
    [many] { $count } minut
   *[other] { $count } minuty
}
duration-hours = { $count ->
    [one] { $count } godzinę
    [few] { $count } godziny
    [many] { $count } godzin
   *[other] { $count } godziny
}
duration-days = { $count ->
    [one] { $count } dzień
    [few] { $count } dni
    [many] { $count } dni
   *[other] { $count } dnia
}

## Sign in

username-label = Nazwa użytkownika
email-label = Adres e-mail
upn-label = UPN
either = { $one } lub { $other }
password-label = Hasło
enter-password = Wpisz hasło
forgot-password = Nie pamiętasz hasła?
forgot-either = Nie pamiętasz nazwy użytkownika lub hasła?
remember-me = Zapamiętaj mnie na tym urządzeniu
use-security-key = Użyj klucza bezpieczeństwa
continue-with = Kontynuuj przez { $source }
no-account = Nie masz konta?
sign-up = Zarejestruj się
to-continue-to = aby przejść do { $app }
stay-signed-in = Nie wylogowywać?
stay-signed-in-hint = Wybierz Tak tylko na urządzeniu, z którego nie korzysta nikt inny.
are-you-a-person = Czy jesteś człowiekiem?
person-needs-script = Ta strona sprawdza, czy jesteś człowiekiem, i wymaga do tego JavaScriptu. W tej przeglądarce jest on wyłączony.
person-failed = Sprawdzenie się nie powiodło. Odśwież stronę, aby spróbować ponownie.
person-unreachable = Usługa sprawdzająca, czy jesteś człowiekiem, jest nieosiągalna.

## Passwords

strength-hint = Lepiej długie niż skomplikowane: wystarczą cztery lub pięć niepowiązanych słów.
strength-short = Za krótkie.
strength-weak = Słabe. Można je odgadnąć w kilka minut.
strength-fair = Średnie. Można je odgadnąć offline w kilka dni.
strength-strong = Silne. Odgadnięcie offline zajęłoby lata.
strength-very-strong = Bardzo silne. Odgadnięcie offline zajęłoby wieki.

## Second factors and passkeys

confirm-you = Potwierdź, że to Ty
passkey-sign-in = Zaloguj się kluczem dostępu
passkey-asks = Przeglądarka prosi o klucz dostępu lub klucz bezpieczeństwa.
passkey-use = Użyj klucza dostępu
passkey-needs-script = Klucze dostępu wymagają JavaScriptu, który w tej przeglądarce jest wyłączony.
passkey-unsupported = Ta przeglądarka nie obsługuje kluczy dostępu lub strona nie została otwarta przez HTTPS.
passkey-exists = Na tym urządzeniu masz już klucz dostępu. Użyj innego urządzenia albo klucza, który już masz.
passkey-address = Pod tym adresem klucze dostępu nie działają. Otwórz stronę przez jej nazwę i HTTPS.
passkey-not-made = Nie utworzono klucza dostępu. Możesz spróbować ponownie.
passkey-not-used = Nie użyto klucza dostępu. Możesz spróbować ponownie.
passkey-browser-failed = Przeglądarka zgłasza błąd: { $reason }
passkey-unknown = Ten klucz dostępu nie jest tu znany. Być może został usunięty.
passkey-refused = Ten klucz dostępu nie został przyjęty. Spróbuj ponownie.
passkey-set-up = Skonfiguruj klucz dostępu
passkey-set-up-hint = Pozwala logować się odciskiem palca, twarzą, kodem PIN lub kluczem bezpieczeństwa.
passkey-set-up-where = Przeglądarka zapyta, gdzie go zapisać: na tym urządzeniu, w menedżerze haseł, w telefonie czy na kluczu bezpieczeństwa. Możesz skonfigurować kilka.
factor-set-up = Skonfiguruj drugi składnik
factor-set-up-hint = Tutaj do zalogowania nie wystarczy hasło. Wybierz, czego chcesz używać.
factor-recovery-code = Kod odzyskiwania
factor-recovery-code-hint = Każdy działa tylko raz.
factor-recovery-code-use = Użyj kodu odzyskiwania
factor-mail-code = Kod z e-maila
factor-mail-code-use = Otrzymaj kod e-mailem
factor-message-code = Kod z SMS-a
factor-message-code-use = Otrzymaj kod SMS-em
factor-duo-code = Kod z Duo Mobile
factor-duo-use = Użyj Duo
factor-app-code = Kod z aplikacji uwierzytelniającej
factor-app-use = Użyj aplikacji uwierzytelniającej
factor-sent-to = Wysłaliśmy go na { $to }.
factor-code-wrong = Ten kod jest błędny lub został już użyty.
factor-app-code-wrong = Ten kod jest błędny lub został już użyty. Poczekaj na następny.
factor-duo-refused = Duo nie przyjęło tego kodu.
factor-ask-phone = Zapytaj na moim telefonie
code-sent-to = Wysłaliśmy kod na { $to }.
send-code = Wyślij kod
send-another-code = Wyślij nowy kod
use-another-address = Użyj innego adresu
use-another-number = Użyj innego numeru
mail-codes-set-up = Skonfiguruj kody e-mailem
mail-codes-set-up-hint = Od teraz przy logowaniu potrzebny będzie też kod wysłany na Twój adres.
mail-codes-address = Adres e-mail
text-codes-set-up = Skonfiguruj kody SMS
text-codes-set-up-hint = Wysyłamy kod na telefon, aby sprawdzić, że numer należy do Ciebie.
text-codes-number = Numer telefonu
text-codes-number-hint = Z numerem kierunkowym kraju, np. +49 30 123456.
app-set-up = Skonfiguruj aplikację uwierzytelniającą
app-set-up-hint = Od teraz przy logowaniu potrzebny będzie też kod z telefonu.
app-scan = Zeskanuj to aplikacją uwierzytelniającą, np. Google Authenticator, Aegis lub 1Password.
app-qr = Kod QR dla aplikacji uwierzytelniającej
app-no-scan = Nie możesz zeskanować?
app-type-key = Wpisz ten klucz w aplikacji albo
app-open = otwórz aplikację na tym urządzeniu
app-code = Kod z aplikacji
app-code-hint = Aplikacja pokazuje nowy co 30 sekund.
duo-set-up = Skonfiguruj Duo
duo-set-up-hint = Od teraz przy logowaniu potrzebne będzie też potwierdzenie w telefonie.
duo-scan = Zeskanuj to aplikacją Duo Mobile, a następnie przejdź dalej.
duo-qr = Kod QR dla Duo Mobile
duo-open = Otwórz Duo Mobile na tym urządzeniu
duo-waits = Duo nie zna jeszcze Twojego telefonu. Najpierw zeskanuj kod w Duo Mobile.
recovery-codes-keep = Zachowaj kody odzyskiwania
recovery-codes-keep-hint = Każdy pozwala zalogować się raz, gdy nie masz pod ręką innego drugiego składnika.
recovery-codes-print = Wydrukuj te kody lub zapisz je w menedżerze haseł. Nie zostaną pokazane ponownie.
recovery-codes-saved = Kody zapisane

## Consent

consent-wants = chce wiedzieć, kim jesteś
consent-new = { $what } (nowe)
consent-nothing = Wysyłany jest tylko numer, który Cię oznacza.
consent-back-to = Wrócisz do { $target }.
consent-withdraw = Możesz to wycofać w Ustawieniach, w części Zgody.
consent-name = Twoje imię i nazwa użytkownika
consent-email = Twój adres e-mail
consent-groups = Twoje grupy
consent-away = Dostęp pod Twoją nieobecność
consent-away-hint = Bez ponownego pytania, dopóki tego nie wycofasz

## Recovery and links

check-mail = Sprawdź pocztę
check-mail-confirm = Wysłaliśmy link na podany adres. Otwórz go, aby potwierdzić, że adres należy do Ciebie.
check-mail-recovery = Jeśli podane dane pasują do konta, e-mail z linkiem jest już w drodze.
check-mail-note = Link działa raz, przez { $duration }. Możesz go otworzyć w innej przeglądarce.
check-mail-again = Wysyłamy go jeszcze raz. Zajrzyj też do folderu ze spamem.
send-it-again = Wyślij ponownie
link-signs-in = Ten link loguje Cię, tylko raz.
link-works-once = Ten link działa tylko raz. Przejdź dalej, gdy zechcesz.
link-expired = Ten link stracił ważność
link-expired-why = Został już użyty, wygasł lub nie dotyczy konta, na które jesteś zalogowany. Poproś o nowy.

## The own account

delete-account = Usunąć konto?
delete-account-warning = Konto zostanie usunięte wraz z sesjami, tokenami i drugimi składnikami. Nie można tego cofnąć.
delete-account-do = Usuń moje konto
asked-to-sign-out = Otrzymaliśmy prośbę o wylogowanie Cię tutaj.
language-of-browser = Automatycznie (język przeglądarki)

## Sign out

sign-out-question = Wylogować się?
logged-out = Wylogowano
logged-out-of = Wylogowano z { $app }
still-signed-in = Nadal jesteś zalogowany w { $brand }.
log-out-of = Wyloguj się z { $brand }
log-back-into = Zaloguj się ponownie do { $app }
back-to-overview = Wróć do strony głównej
signed-out = Wylogowano
signed-out-text = Wylogowano Cię.
signed-out-unregistered = Wylogowano Cię. Mieliśmy przekierować Cię pod adres, którego aplikacja nie zarejestrowała.
sign-out-asked-by = { $app } prosi o wylogowanie również tutaj.
sign-out-all-the-same = Mimo to możesz się tutaj wylogować.
sign-out-here = Mimo to wyloguj się tutaj
sign-out-not-understood = Niezrozumiałe żądanie wylogowania
go-to = Przejdź do { $app }
go-on-to = Przejdź dalej do { $app }
redirecting = Przekierowywanie…
redirecting-to-dots = Przekierowywanie do { $app }…
signing-out = Trwa wylogowywanie
signing-out-text = Trwa wylogowywanie z Twoich aplikacji.
signed-out-everywhere = Wylogowano Cię tutaj i z Twoich aplikacji.
signed-out-here = Wylogowano tutaj
signed-out-not-all = Nie ze wszystkich aplikacji udało się wylogować.
sign-out-asked = Przeglądarka poprosiła ją o wylogowanie
sign-out-open = Być może nadal masz tam otwartą sesję.
sign-out-trying = Jeszcze bez odpowiedzi. Serwer będzie próbować przez kilka minut.
sign-out-failed = Bez odpowiedzi. Być może nadal masz tam otwartą sesję.
open-it = Otwórz

## Refusals

open-denied = Nie możesz otworzyć { $app }
sign-in-denied = Nie możesz się zalogować
go-on-denied = Nie możesz tu przejść dalej
denied-generic = Twoje konto jest w porządku; ta aplikacja po prostu nie jest dla niego.
denied-group = Twoje konto jest w porządku; ta aplikacja jest dla grupy { $groups }.
denied-groups = Twoje konto jest w porządku; ta aplikacja jest dla grup { $groups }.
denied-rule = Ta reguła ({ $rule }) nie jest spełniona.
denied-account = Ten krok nie jest przeznaczony dla konta, na które jesteś zalogowany.
denied-nobody = Ten krok nie jest teraz dla Ciebie dostępny.
denied-passwords = Zbyt wiele błędnych haseł. Zacznij od nowa lub poproś o nowe hasło.
set-up-finished = Instalacja jest zakończona
set-up-finished-why = Administrator już istnieje; ta strona pozostaje zamknięta.
welcome-to = Witamy w { $brand }
set-up-hint = Utwórz pierwszego administratora. Potem ta strona zamknie się na zawsze.
set-up-username = Twoja nazwa użytkownika to akadmin. Możesz ją później zmienić.
insiders-only = Ten interfejs jest tylko dla użytkowników wewnętrznych.
insiders-only-why = Twoje konto jest w porządku. Otwórz wybraną aplikację pod jej własnym adresem.
administrators-only = Ta część jest dla administratorów
administrators-only-why = Twoje konto jest w porządku; po prostu nie ma tu nic do zrobienia.
no-address = Ta aplikacja nie ma adresu do otwarcia. Administrator może nadać jej adres startowy.
denied-permission = Odmowa dostępu
denied-request = Żądanie zostało odrzucone.
denied-no-application = Nie znaleziono aplikacji: ten dostawca nie jest jeszcze do żadnej przypisany.
denied-changed = Aplikacja została w międzyczasie zmieniona.
denied-saml-set-up = Logowanie do tej aplikacji nie jest poprawnie skonfigurowane.
denied-rule-failed = Reguła decydująca o tym kroku zawiodła lub została usunięta. Poproś administratora o sprawdzenie.
denied-flow-changed = Administrator zmienił tę procedurę w trakcie jej trwania.
denied-server-updated = Serwer został w międzyczasie zaktualizowany.
denied-stage-deleted = Ten krok został w międzyczasie usunięty.
denied-question-deleted = Pytanie z tej strony zostało usunięte.
denied-account-gone = To konto już nie istnieje.
denied-acting = Działasz jako ktoś inny. Tylko ta osoba może skonfigurować swój drugi składnik.
denied-acting-delete = Działasz jako ktoś inny. Tylko ta osoba może usunąć swoje konto.
denied-sign-in-first = Zaloguj się, zanim skonfigurujesz drugi składnik.
denied-sign-in-first-delete = Zaloguj się, zanim usuniesz konto.
denied-other-account = Ten link dotyczy innego konta.
denied-mail = Nie można wysłać e-maila. Poproś administratora o sprawdzenie.
denied-no-factor = Brak skonfigurowanego (dozwolonego) drugiego składnika.
denied-invitation = Zaproszenie nieważne lub nieznalezione
denied-invitation-signed-in = Masz już konto. Wyloguj się, aby użyć zaproszenia.
denied-set-up-done = Instalacja została już zakończona. Zaloguj się na utworzone konto.
denied-update = Nie udało się zapisać konta. Spróbuj ponownie później.

## Signing in by a source

source-refused = Nie można zalogować się przez { $source }
source-some = to źródło
source-unknown = Nie ma takiego źródła lub jest wyłączone.
source-acting = Działasz jako ktoś inny. Tylko ta osoba może połączyć swoją tożsamość.
source-connect = Połączyć { $source }?
source-connect-text = Odtąd każdy, kto zaloguje się w { $source } tak jak Ty, będzie tu zalogowany jako { $user }.
source-connect-action = Połącz
source-over = Trwało to zbyt długo, zostało już zrobione lub zaczęte w innej przeglądarce. Zacznij od nowa.
source-gone = To źródło wyłączono lub usunięto podczas logowania.
source-unnamed = Źródło nie powiedziało, kim jesteś.
source-rules = Reguły tego źródła nie pozwalają Ci wejść.
source-unreadable = Reguła tego serwera nie mogła odczytać tego, co źródło powiedziało o Tobie. Poproś administratora, aby to sprawdził.
source-no-enrollment = To źródło nie zakłada kont.
source-no-flow = Ustawiony przepływ nie istnieje.
source-connected-elsewhere = Ta tożsamość jest połączona z innym kontem lub Twoje konto z inną tożsamością z { $source }.
source-somebody-else = Jesteś tu zalogowany kontem, które nie jest połączone z tą tożsamością. Najpierw się wyloguj albo połącz ją w ustawieniach.
source-denied = Odmówiono logowania przez { $source }. Zaloguj się tak, jak przy rejestracji.
source-elsewhere = Ta tożsamość jest połączona z innym kontem lub w międzyczasie ją rozłączono.
source-groups = Nie udało się zaktualizować grup. Spróbuj ponownie później.
source-not-waiting = To, co robiłeś, w międzyczasie się skończyło lub dotyczy innego konta. Zacznij od nowa.
source-no-account = Nie znaleziono konta dla tej tożsamości.
source-missing = Źródło nie istnieje
certificate-missing = Wymagany jest certyfikat, a żaden nie został okazany.
certificate-of-nobody = Do tego certyfikatu nie pasuje żadne konto.
source-wrong = To źródło nie jest dobrze skonfigurowane. Administrator znajdzie przyczynę w zdarzeniach.

## Connecting a device

device-title = Połącz urządzenie
device-text = Wpisz kod, który pokazuje urządzenie.
device-code = Kod na urządzeniu
device-code-help = Dziewięć cyfr, ze spacjami lub bez.
device-unknown = Żadne urządzenie nie czeka z tym kodem. Spójrz na urządzenie: może pokazuje już nowy.
device-sign-in = Zalogować do { $app } na urządzeniu?
device-shows = Czy urządzenie przed Tobą pokazuje ten kod?
device-warning = Kto ma to urządzenie, zostanie zalogowany do { $app } jako Ty. Jeśli ktoś przysłał Ci ten kod lub link do tej strony, odmów.
device-deny = Odmów
device-allow = Zezwól
device-gone = Ten kod wygasł lub już na niego odpowiedziano. Zacznij od nowa na urządzeniu: pokaże inny.
device-acting = Działasz jako ktoś inny. Tylko ta osoba może połączyć urządzenie.
device-connected = Urządzenie jest połączone
device-connected-text = Trwa logowanie do { $app }. Wróć do urządzenia; tę stronę możesz zamknąć.
device-refused = Urządzenie odrzucono
device-refused-text = Nie dostanie nic od { $app }. Możesz zamknąć tę stronę.
device-none = Kody urządzeń nie są tu przyjmowane. Administrator może wybrać przepływ dla kodów urządzeń w ustawieniach marki.

## Pages about errors

not-found = Nie znaleziono strony
not-found-text = Pod tym adresem nic nie ma.
no-flow = Pod tym adresem nie ma żadnej procedury.
too-much = To za dużo
too-much-text = Wróć i wpisz mniej albo wybierz mniejsze pliki.
busy = Zbyt wiele logowań naraz
busy-text = Poczekaj kilka sekund i spróbuj ponownie.
unavailable = Chwilowo niedostępne
unavailable-text = Serwer nie może połączyć się z bazą danych. Poczekaj kilka sekund i spróbuj ponownie.
broken = Coś poszło tu nie tak
broken-text = To nie Twoja wina. Spróbuj ponownie za chwilę.
address-received = Otrzymany adres
request-error = Błąd żądania
client-id-error = Błąd Client ID
redirect-error = Błąd adresu przekierowania
not-found-short = Nie znaleziono
not-set-up = Nie skonfigurowano
begin-again = Zacznij od nowa
begin-again-text = Logowanie do { $app } trwało zbyt długo lub zostało już zakończone. Otwórz aplikację jeszcze raz.
no-such-page = Żądana strona nie istnieje.
client-unknown = Ten serwer nie zna aplikacji, która Cię tu przysłała. Osoby, które ją prowadzą, powinny porównać jej Client ID z tym na stronie dostawcy.
redirect-missing = Aplikacja nie podała, dokąd wrócić. Osoby, które ją prowadzą, muszą ustawić adres powrotu (redirect_uri).
redirect-unregistered = Aplikacja poprosiła o powrót pod adres, którego nie zarejestrowała. Osoby, które ją prowadzą, muszą dodać dokładnie ten adres do Redirect URIs dostawcy.
no-saml-application = Nie ma tu aplikacji logującej się przez SAML. Czy adres jest poprawny?
saml-refused = { $name } wysyła wiadomość, której tu nie przyjęto. Zacznij od nowa; jeśli ta strona wróci, wyślij to, co poniżej, osobom prowadzącym { $name }.
saml-rule = Reguła
saml-wrong = Co jest nie tak

## What was wrong with an answer

error-name-and-password = Nazwa i hasło nie pasują do siebie. Spróbuj ponownie.
error-uid-empty = Wpisz nazwę użytkownika lub adres e-mail.
error-password-empty = Wpisz hasło.
error-code-empty = Wpisz kod.
error-not-right = To nie jest poprawne.
error-not-accepted = Te odpowiedzi nie zostały przyjęte.
error-password = Błędne hasło
error-failed = Logowanie nie powiodło się.
error-page-too-old = Ta strona była otwarta zbyt długo lub pliki cookie są zablokowane. Spróbuj ponownie.
error-wait = { $seconds ->
    [one] Zbyt wiele prób. Spróbuj ponownie za { $seconds } sekundę.
    [few] Zbyt wiele prób. Spróbuj ponownie za { $seconds } sekundy.
    [many] Zbyt wiele prób. Spróbuj ponownie za { $seconds } sekund.
   *[other] Zbyt wiele prób. Spróbuj ponownie za { $seconds } sekundy.
}
error-wait-one = Zbyt wiele prób. Spróbuj ponownie za 1 sekundę.
error-code = Kod się nie zgadza
error-code-limit = Nie można teraz wysłać więcej kodów. Spróbuj ponownie za godzinę.
error-code-unsent = Nie można wysłać kodu. Poproś administratora o sprawdzenie.
error-message-unsent = Nie można wysłać SMS-a. Poproś administratora o sprawdzenie.
error-message-refused = Dostawca SMS-ów odmówił wysłania wiadomości.
error-message-number = Na ten numer nie można wysłać SMS-a. Sprawdź go.
error-number = Wpisz poprawny numer telefonu z numerem kierunkowym kraju: +49 30 123456.
error-mail-limit = Wysłano go już tyle razy, ile można. Zacznij ponownie później.
error-required = To pole jest wymagane.
error-blank = To pole nie może być puste.
error-too-long = { $count ->
    [one] Najwyżej { $count } znak.
    [few] Najwyżej { $count } znaki.
    [many] Najwyżej { $count } znaków.
   *[other] Najwyżej { $count } znaku.
}
error-integer = Wpisz liczbę całkowitą.
error-email = Wpisz poprawny adres e-mail.
error-date = Wpisz datę w ten sposób: RRRR-MM-DD.
error-time = Wpisz datę i godzinę w ten sposób: RRRR-MM-DDTgg:mm.
error-file-too-large = Plik jest za duży: najwyżej 100 KB.
error-passwords-differ = Hasła nie są takie same.
error-username-taken = Ta nazwa użytkownika jest już zajęta.
error-factor-code = Niepoprawny kod. Sprawdź godzinę w urządzeniu i spróbuj ponownie.
error-device = Niepoprawne urządzenie
error-device-refused = Sprawdzenie nie powiodło się
error-device-type = Ten typ urządzenia nie jest dozwolony. Skontaktuj się z administratorami { $brand }.
error-duo-denied = Duo odmówiło dostępu
error-duo-waiting = Na telefonie nikt jeszcze nie odpowiedział.
error-duo-unavailable = Nie można teraz skonfigurować Duo. Poproś administratora o sprawdzenie.
error-duo-silent = Duo nie odpowiedziało. Spróbuj ponownie.
error-duo-exists = To urządzenie jest już skonfigurowane.
error-captcha-token = Sprawdzenie nie powiodło się
error-captcha = Niepoprawna odpowiedź na captcha
error-captcha-retry = Niepoprawna odpowiedź na captcha. Spróbuj ponownie.
error-password-rules = Hasło nie spełnia zasad.
error-password-weak = Hasło jest za słabe.
error-password-leaked = { $count ->
    [one] Hasło znajduje się na { $count } publicznej liście.
    [few] Hasło znajduje się na { $count } publicznych listach.
    [many] Hasło znajduje się na { $count } publicznych listach.
   *[other] Hasło znajduje się na { $count } publicznych listach.
}
error-password-expired = Hasło wygasło.
error-password-short = Hasło musi mieć co najmniej 8 znaków.
error-change-username = Nie możesz zmienić nazwy użytkownika.
error-change-name = Nie możesz zmienić imienia i nazwiska.
error-change-email = Nie możesz zmienić adresu e-mail.

## Shipped texts of stored objects

shipped-choose-username = Witamy w { $brand }! Wybierz nazwę użytkownika.
shipped-change-password = Zmień hasło
shipped-redirecting = Przekierowywanie do { $app }
shipped-update-info = Zaktualizuj swoje dane
shipped-logged-out = Wylogowano z { $app }.
shipped-invalidation = Wyloguj się
shipped-reset-password = Ustaw nowe hasło
shipped-delete-account = Usuń konto
shipped-name = Imię i nazwisko
shipped-locale = Język
shipped-password-repeat = Hasło (ponownie)
shipped-admin-email = Adres e-mail administratora
shipped-scope-email = Adres e-mail
shipped-scope-profile = Ogólne dane profilu
shipped-scope-entitlements = Uprawnienia w aplikacji
shipped-scope-offline = Pobieranie nowych tokenów bez Twojego udziału
shipped-scope-api = Dostęp do API w Twoim imieniu
shipped-scope-groups = Przynależność do grup
shipped-scope-github-user = Zgodność z GitHubem: dostęp do Twoich danych
shipped-scope-github-email = Zgodność z GitHubem: dostęp do Twoich adresów e-mail
shipped-scope-github-groups = Zgodność z GitHubem: dostęp do Twoich grup

## Help

help = Pomoc
help-your-settings = Twoje ustawienia
help-password = Nie pamiętam hasła
help-password-answer = Wybierz „Nie pamiętasz hasła?” na stronie logowania. Jeśli tego tam nie ma, administrator może wysłać Ci link.
help-lost = Nie mam już telefonu lub klucza bezpieczeństwa
help-lost-answer = Zaloguj się jednym z kodów odzyskiwania. Jeśli ich nie masz, poproś administratora o usunięcie utraconego urządzenia z Twojego konta.
help-attempts = Pojawia się informacja o zbyt wielu próbach
help-attempts-answer = Poczekaj tyle, ile wskazano. W przeglądarce, w której już się logowałeś, inni nie mogą kazać Ci czekać.
help-refused = Aplikacja mnie nie wpuszcza
help-refused-answer = Strona mówi dlaczego. Podaj numer u dołu strony administratorowi, który zobaczy, jak zapadła decyzja.
help-data = Chcę zobaczyć lub zmienić zapisane o mnie dane
help-data-answer = Otwórz ustawienia: są tam Twoje dane, urządzenia, sesje i zgody.

## Mails

mail-hello = Witaj, { $name },
mail-sent-by = Wysłane przez { $product }.
mail-link-once = Link działa raz, przez { $duration }.
mail-confirm-subject = Potwierdź swój adres
mail-confirm-welcome = Witamy!
mail-confirm-text = Potwierdź, że ten adres należy do Ciebie, a konto będzie gotowe:
mail-confirm-do = Potwierdź adres
mail-confirm-otherwise = Jeśli nie prosiłeś o konto, nic nie rób.
mail-reset-subject = Wybierz nowe hasło
mail-reset-text = ktoś poprosił o nowe hasło do Twojego konta { $username }. Jeśli to Ty, wybierz je tutaj:
mail-reset-otherwise = Jeśli to nie Ty, nic nie rób: hasło pozostaje bez zmian.
mail-code-subject = Twój kod logowania
mail-code-text = oto Twój kod:
mail-code-once = Działa raz, przez { $duration }.
mail-code-otherwise = Nikomu go nie podawaj. Jeśli o niego nie prosiłeś, ktoś inny zna Twoje hasło: zmień je.
mail-factor-added-subject = Do Twojego konta dodano drugi składnik
mail-factor-removed-subject = Z Twojego konta usunięto drugi składnik
mail-factor-added = do Twojego konta { $username } dodano drugi składnik:
mail-factor-removed = z Twojego konta { $username } usunięto drugi składnik:
mail-factor-by = Zrobił to użytkownik { $by }.
mail-factor-by-from = Zrobił to użytkownik { $by } z adresu { $address }.
mail-factor-from = Zrobiono to z adresu { $address }.
mail-factor-otherwise = Jeśli to Ty lub wiesz o tym, nie musisz nic robić. W przeciwnym razie zmień hasło i przejrzyj swoje drugie składniki albo poproś administratora o zablokowanie konta.
mail-notification = Powiadomienie { $product }: { $what }
mail-severity = Ważność
mail-for = Dla
mail-by = Przez
mail-about = Dotyczy
mail-notice = Informacja
mail-warning = Ostrzeżenie
mail-alert = Alarm
mail-sent-over = Wysłano z { $product } przez { $transport }.
class-static = kody odzyskiwania
class-totp = aplikacja uwierzytelniająca
class-webauthn = klucz dostępu lub klucz bezpieczeństwa
class-duo = Duo
class-sms = kody SMS
class-email = kody e-mailem

## The library and the person's settings

ui-my-applications = Moje aplikacje
ui-settings = Ustawienia
ui-admin-interface = Administracja
ui-sign-out = Wyloguj się
ui-sign-in = Zaloguj się
ui-main = Menu główne
ui-loading = Wczytywanie
ui-reload = Odśwież
ui-find = Znajdź aplikację
ui-no-apps = Nie ma jeszcze aplikacji
ui-no-apps-admin = Utwórz pierwszą; pojawi się tutaj u wszystkich, którzy mogą ją otworzyć.
ui-no-apps-user = Nic Ci jeszcze nie udostępniono. Zapytaj administratora.
ui-create-app = Utwórz aplikację
ui-applications = Aplikacje
ui-no-address = Nie ma adresu do otwarcia
ui-edit = Edytuj
ui-edit-it = Edytuj { $name }
ui-nothing-matches = Nic nie pasuje do „{ $text }”
ui-requests = Aplikacje proszą o zalogowanie
ui-request = { $application } prosi o zalogowanie
ui-request-answer = Odpowiedz
ui-details = Twoje dane
ui-username = Nazwa użytkownika
ui-name = Imię i nazwisko
ui-email = Adres e-mail
ui-groups = Grupy
ui-none = Brak
ui-ways = Sposoby logowania
ui-password = Hasło
ui-password-hint = Zmień je, jeśli ktoś inny może je znać.
ui-change-password = Zmień hasło
ui-mfa = Drugie składniki
ui-enroll = Skonfiguruj
ui-mfa-empty = Brak. Z drugim składnikiem skradzione hasło nie wystarczy, aby zalogować się jako Ty.
ui-sources = Połączone konta
ui-sources-text = Konta gdzie indziej, którymi możesz się tu zalogować.
ui-connect = Połącz
ui-connected = Połączone
ui-disconnect = Rozłącz
ui-disconnect-from = Rozłącz { $source }
ui-disconnect-text = Nie zalogujesz się przez { $source }, dopóki nie połączysz go ponownie.
ui-disconnected = { $source } jest rozłączone.
ui-not-set-up = Nieskonfigurowany
ui-set-up-when = skonfigurowano { $when }
ui-used-when = użyto { $when }
ui-never-used = nigdy nieużywany
ui-ends-when = kończy się { $when }
ui-endless = nie kończy się
ui-rename = Zmień nazwę
ui-rename-it = Zmień nazwę { $name }
ui-name-hint = Aby odróżnić jeden od drugiego.
ui-delete = Usuń
ui-delete-it = Usuń { $name }
ui-deleted = Usunięto { $name }.
ui-device-gone = Nie zalogujesz się już za jego pomocą. Nie można tego cofnąć; możesz go skonfigurować od nowa.
ui-save = Zapisz
ui-cancel = Anuluj
ui-close = Zamknij
ui-create = Utwórz
ui-sessions = Sesje
ui-sign-out-elsewhere = Wyloguj wszędzie indziej
ui-sign-out-elsewhere-text = Wszystkie inne przeglądarki i urządzenia, na których jesteś zalogowany, zostaną wylogowane, a to, co uzyskały przez nie aplikacje, wygaśnie. Ta sesja pozostanie.
ui-sessions-ended = { $count ->
    [one] Zakończono { $count } sesję.
    [few] Zakończono { $count } sesje.
    [many] Zakończono { $count } sesji.
   *[other] Zakończono { $count } sesji.
}
ui-nowhere-else = Nie byłeś zalogowany nigdzie indziej.
ui-browser-on = { $browser }, { $system }
ui-unknown-browser = Nieznana przeglądarka
ui-current-session = Bieżąca sesja
ui-end = Zakończ
ui-end-session = Zakończ sesję: { $name }
ui-end-session-text = Ta przeglądarka zostanie wylogowana, a to, co uzyskały przez nią aplikacje, wygaśnie.
ui-no-session = Brak sesji.
ui-tokens = Tokeny i hasła aplikacji
ui-create-token = Utwórz token
ui-create-app-password = Utwórz hasło aplikacji
ui-token = Token
ui-app-password = Hasło aplikacji
ui-token-created = Utworzono. Skopiuj z listy.
ui-no-tokens = Brak. Token pozwala programowi korzystać z API w Twoim imieniu; hasło aplikacji loguje tam, gdzie nie można wyświetlić strony.
ui-token-gone = Programy, które go używają, nie będą już mogły logować się jako Ty. Nie można tego cofnąć.
ui-identifier = Identyfikator
ui-identifier-hint = Nazwa, po której go rozpoznasz.
ui-identifier-wrong = Używaj tylko liter, cyfr, - i _.
ui-identifier-taken = Masz już jeden o tej nazwie.
ui-description = Opis
ui-copy = Kopiuj
ui-copy-it = Kopiuj { $name }
ui-copied = Skopiowano
ui-copy-by-hand = Zaznacz i skopiuj
ui-consent = Zgody
ui-application = Aplikacja
ui-no-details = brak szczegółów
ui-withdraw = Wycofaj
ui-withdraw-from = Wycofaj zgodę dla { $app }
ui-withdraw-text = { $app } zapyta ponownie przy następnym otwarciu.
ui-withdrawn = Twoja zgoda dla { $app } została wycofana.
ui-no-consent = Żadnej aplikacji nie pozwoliłeś poznać swoich danych.
ui-delete-account = Usuń konto
ui-delete-account-text = Konto zostanie usunięte wraz z sesjami, tokenami i drugimi składnikami.
ui-colours = Kolory
ui-colours-system = Jak w systemie
ui-colours-light = Jasne
ui-colours-dark = Ciemne
ui-colours-switch = Kolory: { $now }. Zmień na: { $next }
ui-account-of = { $initials }, konto { $username }
ui-notifications = Powiadomienia
ui-notifications-unread = Powiadomienia, nieprzeczytane: { $count }
ui-no-notifications = Brak nowych powiadomień. Tutaj pojawia się to, o czym informują reguły powiadomień.
ui-notice = informacja
ui-warning = ostrzeżenie
ui-alert = alarm
ui-show-event = Pokaż zdarzenie
ui-mark-seen = Oznacz jako przeczytane
ui-clear-all = Wyczyść wszystko
ui-acting = Jesteś { $original } i działasz jako { $username }.
ui-stop-acting = Przestań działać jako ta osoba
ui-session-ended = Twoja sesja się zakończyła
ui-confirm-you = Potwierdź, że to Ty
ui-other-person = Zalogowano Cię jako { $other }, a ta strona należy do { $name }. Wyloguj się i zaloguj jako { $name } albo odśwież stronę, aby kontynuować jako { $other }.
ui-prove = To zmienia sposób logowania, więc zaloguj się jeszcze raz. Zmiana nastąpi, gdy tylko wrócisz.
ui-sign-in-again = Zaloguj się ponownie jako { $name }, aby kontynuować. Wpisane dane nadal tu są i zostaną wysłane, gdy tylko wrócisz.
ui-blocked = Przeglądarka nie otworzyła okna. Otwórz ten serwer w innej karcie, zaloguj się tam i wróć.
ui-waiting = Czekamy, aż zalogujesz się w drugim oknie.
ui-reload-page = Odśwież stronę
ui-sign-out-person = Wyloguj { $name }
ui-not-now = Nie teraz
ui-not-proved = Nic nie zmieniono, ponieważ nie zalogowałeś się ponownie.
ui-not-signed-in = Nie zalogowałeś się ponownie. Wpisane dane nadal tu są.
ui-not-found = Nie znaleziono
ui-not-loaded = Nie udało się wczytać
ui-go-back = Wróć
ui-try-again = Spróbuj ponownie
ui-dismiss = Zamknij
ui-fields-wrong = Sprawdź jeszcze raz niektóre pola.
ui-error-denied = Nie możesz tego zrobić. Poproś administratora o uprawnienie.
ui-error-gone = To już nie istnieje.
ui-error-changed = Ktoś inny w międzyczasie to zmienił. Odśwież i spróbuj ponownie.
ui-error-often = Zbyt wiele żądań. Poczekaj chwilę i spróbuj ponownie.
ui-error-busy = Serwer jest zajęty lub niegotowy. Spróbuj ponownie za chwilę.
ui-error-other = Serwer odpowiedział błędem ({ $status }). Jego dziennik mówi dlaczego.
ui-unreachable = Nie można połączyć się z serwerem. Sprawdź połączenie i spróbuj ponownie.
ui-signed-in = Zalogowano Cię
ui-signed-in-text = Zamknij to okno i kontynuuj w drugim. Wpisane tam dane nadal są.
ui-now = przed chwilą
ui-soon = za chwilę
