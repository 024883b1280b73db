## What every page may say

continue = Weiter
cancel = Abbrechen
or = oder
yes = Ja
no = Nein
sign-in = Anmelden
sign-out = Abmelden
log-in = Anmelden
try-again = Erneut versuchen
switch-account = Konto wechseln
my-applications = Meine Anwendungen
start-page = Zur Startseite
copy = Kopieren
copied = Kopiert
print = Drucken
request-number = Anfrage
run-number = Vorgang
why = Warum? (für Administratoren)
not-you = Nicht Sie?
signed-in-as = Angemeldet als { $person }.
ask-for-access = Wenn Sie { $app } brauchen, wenden Sie sich an die Betreiber von { $brand } und nennen Sie die Nummer unten.
one-moment = Einen Moment
press-button = Wenn nichts geschieht, klicken Sie auf die Schaltfläche.
sent-on = Sie werden weitergeleitet.
show = Anzeigen
hide = Verbergen
show-password = Passwort anzeigen
hide-password = Passwort verbergen
caps-lock = Die Feststelltaste ist aktiv.
needs-script = Diese Seite braucht JavaScript. Die Anmeldung geht auch ohne.
duration-seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
duration-minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
duration-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
duration-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}

## Sign in

username-label = Benutzername
email-label = E-Mail
upn-label = UPN
either = { $one } oder { $other }
password-label = Passwort
enter-password = Passwort eingeben
forgot-password = Passwort vergessen?
forgot-either = Benutzername oder Passwort vergessen?
remember-me = Auf diesem Gerät merken
use-security-key = Sicherheitsschlüssel verwenden
continue-with = Weiter mit { $source }
no-account = Noch kein Konto?
sign-up = Registrieren
to-continue-to = um { $app } zu öffnen
stay-signed-in = Angemeldet bleiben?
stay-signed-in-hint = Wählen Sie Ja nur auf einem Gerät, das sonst niemand benutzt.
are-you-a-person = Sind Sie ein Mensch?
person-needs-script = Diese Seite prüft, ob Sie ein Mensch sind. Dafür braucht sie JavaScript, das in diesem Browser ausgeschaltet ist.
person-failed = Die Prüfung hat nicht funktioniert. Laden Sie die Seite neu, um es noch einmal zu versuchen.
person-unreachable = Der Dienst, der prüft, ob Sie ein Mensch sind, ist nicht erreichbar.

## Passwords

strength-hint = Lang ist besser als kompliziert: Vier oder fünf Wörter ohne Zusammenhang reichen.
strength-short = Zu kurz.
strength-weak = Schwach. In Minuten zu erraten.
strength-fair = Mittel. Mit gestohlenen Daten in Tagen zu erraten.
strength-strong = Stark. Selbst mit gestohlenen Daten erst in Jahren zu erraten.
strength-very-strong = Sehr stark. Selbst mit gestohlenen Daten erst in Jahrhunderten zu erraten.

## Second factors and passkeys

confirm-you = Bestätigen Sie, dass Sie es sind
passkey-sign-in = Mit einem Passkey anmelden
passkey-asks = Ihr Browser fragt nach Ihrem Passkey oder Sicherheitsschlüssel.
passkey-use = Passkey verwenden
passkey-needs-script = Passkeys brauchen JavaScript, das in diesem Browser ausgeschaltet ist.
passkey-unsupported = Dieser Browser unterstützt keine Passkeys, oder die Seite wurde nicht über HTTPS geöffnet.
passkey-exists = Auf diesem Gerät haben Sie schon einen Passkey. Nehmen Sie ein anderes Gerät oder den vorhandenen Passkey.
passkey-address = Passkeys funktionieren unter dieser Adresse nicht. Öffnen Sie die Seite mit ihrem Namen und über HTTPS.
passkey-not-made = Es wurde kein Passkey erstellt. Sie können es noch einmal versuchen.
passkey-not-used = Es wurde kein Passkey verwendet. Sie können es noch einmal versuchen.
passkey-browser-failed = Ihr Browser meldet einen Fehler: { $reason }
passkey-unknown = Dieser Passkey ist hier nicht bekannt. Vielleicht wurde er entfernt.
passkey-refused = Dieser Passkey wurde nicht akzeptiert. Versuchen Sie es noch einmal.
passkey-set-up = Passkey einrichten
passkey-set-up-hint = Damit melden Sie sich mit Fingerabdruck, Gesicht, PIN oder einem Sicherheitsschlüssel an.
passkey-set-up-where = Ihr Browser fragt, wo er gespeichert wird: auf diesem Gerät, in einem Passwortmanager, auf dem Smartphone oder auf einem Sicherheitsschlüssel. Sie können mehrere einrichten.
factor-set-up = Zweiten Faktor einrichten
factor-set-up-hint = Für die Anmeldung hier genügt ein Passwort nicht. Wählen Sie, was Sie verwenden möchten.
factor-recovery-code = Wiederherstellungscode
factor-recovery-code-hint = Jeder Code gilt nur einmal.
factor-recovery-code-use = Wiederherstellungscode verwenden
factor-mail-code = Code aus der E-Mail
factor-mail-code-use = Code per E-Mail erhalten
factor-message-code = Code aus der SMS
factor-message-code-use = Code per SMS erhalten
factor-duo-code = Code aus Duo Mobile
factor-duo-use = Duo verwenden
factor-app-code = Code aus Ihrer Authenticator-App
factor-app-use = Authenticator-App verwenden
factor-sent-to = Gesendet an { $to }.
factor-code-wrong = Dieser Code ist falsch oder wurde schon verwendet.
factor-app-code-wrong = Dieser Code ist falsch oder wurde schon verwendet. Warten Sie auf den nächsten.
factor-duo-refused = Duo hat diesen Code nicht akzeptiert.
factor-ask-phone = Auf dem Smartphone bestätigen
code-sent-to = Wir haben einen Code an { $to } gesendet.
send-code = Code senden
send-another-code = Neuen Code senden
use-another-address = Andere Adresse verwenden
use-another-number = Andere Nummer verwenden
mail-codes-set-up = Codes per E-Mail einrichten
mail-codes-set-up-hint = Künftig brauchen Sie zum Anmelden auch einen Code, den wir Ihnen per E-Mail senden.
mail-codes-address = E-Mail-Adresse
text-codes-set-up = Codes per SMS einrichten
text-codes-set-up-hint = Wir senden einen Code an Ihr Telefon, um zu prüfen, dass die Nummer Ihre ist.
text-codes-number = Telefonnummer
text-codes-number-hint = Mit Ländervorwahl, zum Beispiel +49 30 123456.
app-set-up = Authenticator-App einrichten
app-set-up-hint = Künftig brauchen Sie zum Anmelden auch einen Code von Ihrem Smartphone.
app-scan = Scannen Sie dies mit einer Authenticator-App, zum Beispiel Google Authenticator, Aegis oder 1Password.
app-qr = QR-Code für Ihre Authenticator-App
app-no-scan = Scannen geht nicht?
app-type-key = Geben Sie diesen Schlüssel in die App ein, oder
app-open = öffnen Sie eine App auf diesem Gerät
app-code = Code aus der App
app-code-hint = Die App zeigt alle 30 Sekunden einen neuen.
duo-set-up = Duo einrichten
duo-set-up-hint = Künftig bestätigen Sie die Anmeldung auch auf Ihrem Smartphone.
duo-scan = Scannen Sie dies mit der App Duo Mobile und klicken Sie dann auf Weiter.
duo-qr = QR-Code für Duo Mobile
duo-open = Duo Mobile auf diesem Gerät öffnen
duo-waits = Duo kennt Ihr Smartphone noch nicht. Scannen Sie zuerst den Code mit Duo Mobile.
recovery-codes-keep = Wiederherstellungscodes aufbewahren
recovery-codes-keep-hint = Mit jedem können Sie sich einmal anmelden, wenn Sie Ihren anderen zweiten Faktor nicht zur Hand haben.
recovery-codes-print = Drucken Sie diese Codes oder speichern Sie sie in einem Passwortmanager. Sie werden nicht noch einmal angezeigt.
recovery-codes-saved = Ich habe sie gespeichert

## Consent

consent-wants = möchte wissen, wer Sie sind
consent-new = { $what } (neu)
consent-nothing = Es wird nur eine Nummer gesendet, die für Sie steht.
consent-back-to = Sie kehren zu { $target } zurück.
consent-withdraw = Sie können das unter Einstellungen, Einwilligungen widerrufen.
consent-name = Ihr Name und Benutzername
consent-email = Ihre E-Mail-Adresse
consent-groups = Ihre Gruppen
consent-away = Zugriff, während Sie nicht da sind
consent-away-hint = Ohne Sie noch einmal zu fragen, bis Sie es widerrufen

## Recovery and links

check-mail = Sehen Sie in Ihr Postfach
check-mail-confirm = Wir haben einen Link an die eingegebene Adresse gesendet. Öffnen Sie ihn, um zu bestätigen, dass die Adresse Ihre ist.
check-mail-recovery = Wenn es zu Ihrer Eingabe ein Konto gibt, ist eine E-Mail mit einem Link unterwegs.
check-mail-note = Der Link gilt einmal und { $duration } lang. Sie können ihn auch in einem anderen Browser öffnen.
check-mail-again = Die E-Mail wird noch einmal gesendet. Sehen Sie auch im Spam-Ordner nach.
send-it-again = Noch einmal senden
link-signs-in = Mit diesem Link melden Sie sich einmalig an.
link-works-once = Dieser Link gilt nur einmal. Gehen Sie weiter, wenn Sie bereit sind.
link-expired = Dieser Link gilt nicht mehr
link-expired-why = Er wurde schon benutzt, ist abgelaufen oder gehört nicht zu dem Konto, mit dem Sie angemeldet sind. Fordern Sie einen neuen an.

## The own account

delete-account = Konto löschen?
delete-account-warning = Ihr Konto wird gelöscht, mit allen Sitzungen, Tokens und zweiten Faktoren. Das lässt sich nicht rückgängig machen.
delete-account-do = Mein Konto löschen
asked-to-sign-out = Sie werden gebeten, sich hier abzumelden.
language-of-browser = Automatisch (Sprache des Browsers)

## Sign out

sign-out-question = Abmelden?
logged-out = Sie sind abgemeldet
logged-out-of = Sie sind von { $app } abgemeldet
still-signed-in = Bei { $brand } sind Sie noch angemeldet.
log-out-of = Von { $brand } abmelden
log-back-into = Wieder bei { $app } anmelden
back-to-overview = Zurück zur Übersicht
signed-out = Abgemeldet
signed-out-text = Sie sind abgemeldet.
signed-out-unregistered = Sie sind abgemeldet. Sie sollten zu einer Adresse weitergeleitet werden, die die Anwendung nicht registriert hat.
sign-out-asked-by = { $app } bittet Sie, sich auch hier abzumelden.
sign-out-all-the-same = Sie können sich hier trotzdem abmelden.
sign-out-here = Trotzdem hier abmelden
sign-out-not-understood = Die Bitte um Abmeldung war nicht verständlich
go-to = Zu { $app }
go-on-to = Weiter zu { $app }
redirecting = Weiterleitung …
redirecting-to-dots = Weiterleitung zu { $app } …
signing-out = Abmeldung läuft
signing-out-text = Ihre Anwendungen werden abgemeldet.
signed-out-everywhere = Sie sind hier und bei Ihren Anwendungen abgemeldet.
signed-out-here = Hier abgemeldet
signed-out-not-all = Nicht jede Anwendung konnte abgemeldet werden.
sign-out-asked = Von Ihrem Browser gebeten, Sie abzumelden
sign-out-open = Vielleicht sind Sie dort noch angemeldet.
sign-out-trying = Noch nicht erreicht. Der Server versucht es noch einige Minuten lang.
sign-out-failed = Nicht erreicht. Vielleicht sind Sie dort noch angemeldet.
open-it = Öffnen

## Refusals

open-denied = Sie dürfen { $app } nicht öffnen
sign-in-denied = Sie können sich nicht anmelden
go-on-denied = Hier geht es für Sie nicht weiter
denied-generic = Mit Ihrem Konto ist alles in Ordnung; diese Anwendung ist nur nicht dafür freigegeben.
denied-group = Mit Ihrem Konto ist alles in Ordnung; diese Anwendung ist für die Gruppe { $groups }.
denied-groups = Mit Ihrem Konto ist alles in Ordnung; diese Anwendung ist für die Gruppen { $groups }.
denied-rule = Diese Regel ({ $rule }) ist nicht erfüllt.
denied-account = Dieser Schritt ist nicht für das Konto gedacht, mit dem Sie angemeldet sind.
denied-nobody = Dieser Schritt steht Ihnen gerade nicht offen.
denied-passwords = Zu viele falsche Passwörter. Beginnen Sie neu oder fordern Sie ein neues Passwort an.
set-up-finished = Die Einrichtung ist abgeschlossen
set-up-finished-why = Es gibt schon einen Administrator; diese Seite bleibt geschlossen.
welcome-to = Willkommen bei { $brand }
set-up-hint = Legen Sie den ersten Administrator an. Danach schließt diese Seite für immer.
set-up-username = Ihr Benutzername ist akadmin. Sie können ihn später ändern.
insiders-only = Diese Oberfläche ist nur für interne Benutzer.
insiders-only-why = Mit Ihrem Konto ist alles in Ordnung. Öffnen Sie die gewünschte Anwendung unter ihrer eigenen Adresse.
administrators-only = Dieser Bereich ist für Administratoren
administrators-only-why = Mit Ihrem Konto ist alles in Ordnung; hier gibt es nur nichts für Sie zu tun.
no-address = Diese Anwendung hat keine Adresse, die man öffnen könnte. Ein Administrator kann ihr eine Start-URL geben.
denied-permission = Zugriff verweigert
denied-request = Die Anfrage wurde abgelehnt.
denied-no-application = Anwendung nicht gefunden: Dieser Provider ist noch keiner zugeordnet.
denied-changed = Die Anwendung wurde inzwischen geändert.
denied-saml-set-up = Die Anmeldung bei dieser Anwendung ist nicht richtig eingerichtet.
denied-rule-failed = Eine Regel, die über diesen Schritt entscheidet, ist fehlgeschlagen oder wurde gelöscht. Bitten Sie einen Administrator, nachzusehen.
denied-flow-changed = Ein Administrator hat diesen Ablauf geändert, während Sie darin waren.
denied-server-updated = Der Server wurde währenddessen aktualisiert.
denied-stage-deleted = Dieser Schritt wurde währenddessen gelöscht.
denied-question-deleted = Eine Frage dieser Seite wurde gelöscht.
denied-account-gone = Dieses Konto gibt es nicht mehr.
denied-acting = Sie handeln als jemand anderes. Nur diese Person selbst kann ihren zweiten Faktor einrichten.
denied-acting-delete = Sie handeln als jemand anderes. Nur diese Person selbst kann ihr Konto löschen.
denied-sign-in-first = Melden Sie sich an, bevor Sie einen zweiten Faktor einrichten.
denied-sign-in-first-delete = Melden Sie sich an, bevor Sie Ihr Konto löschen.
denied-other-account = Dieser Link gehört zu einem anderen Konto.
denied-mail = Die E-Mail kann nicht gesendet werden. Bitten Sie einen Administrator, nachzusehen.
denied-no-factor = Es ist kein (zulässiger) zweiter Faktor eingerichtet.
denied-invitation = Die Einladung ist ungültig oder nicht vorhanden
denied-invitation-signed-in = Sie haben schon ein Konto. Melden Sie sich ab, um eine Einladung anzunehmen.
denied-set-up-done = Die Einrichtung ist schon abgeschlossen. Melden Sie sich mit dem angelegten Konto an.
denied-update = Das Konto konnte nicht gespeichert werden. Versuchen Sie es später noch einmal.

## Signing in by a source

source-refused = Mit { $source } können Sie sich nicht anmelden
source-some = dieser Quelle
source-unknown = Diese Quelle gibt es nicht, oder sie ist abgeschaltet.
source-acting = Sie handeln als jemand anderes. Nur diese Person selbst kann eine Identität verbinden.
source-connect = { $source } verbinden?
source-connect-text = Wer sich bei { $source } so anmeldet wie Sie, ist von da an hier als { $user } angemeldet.
source-connect-action = Verbinden
source-over = Das hat zu lange gedauert, ist schon geschehen oder wurde in einem anderen Browser begonnen. Beginnen Sie von vorn.
source-gone = Diese Quelle wurde während Ihrer Anmeldung abgeschaltet oder gelöscht.
source-unnamed = Die Quelle hat nicht gesagt, wer Sie sind.
source-rules = Die Regeln dieser Quelle lassen Sie nicht ein.
source-unreadable = Eine Regel dieses Servers konnte nicht lesen, was die Quelle über Sie gesagt hat. Bitten Sie einen Administrator, es sich anzusehen.
source-no-enrollment = Mit dieser Quelle werden keine Konten angelegt.
source-no-flow = Der eingestellte Ablauf existiert nicht.
source-connected-elsewhere = Diese Identität ist mit einem anderen Konto verbunden oder Ihr Konto mit einer anderen Identität von { $source }.
source-somebody-else = Sie sind hier mit einem Konto angemeldet, das nicht mit dieser Identität verbunden ist. Melden Sie sich erst ab, oder verbinden Sie sie in Ihren Einstellungen.
source-denied = Die Anmeldung mit { $source } wurde abgelehnt. Melden Sie sich so an, wie Sie sich zuerst registriert haben.
source-elsewhere = Diese Identität ist mit einem anderen Konto verbunden oder wurde inzwischen getrennt.
source-groups = Die Gruppen konnten nicht aktualisiert werden. Versuchen Sie es später noch einmal.
source-not-waiting = Was Sie begonnen hatten, ist inzwischen beendet oder betrifft ein anderes Konto. Beginnen Sie von vorn.
source-no-account = Für diese Identität wurde kein Konto gefunden.
source-missing = Die Quelle existiert nicht
certificate-missing = Hier wird ein Zertifikat verlangt, und es wurde keines vorgelegt.
certificate-of-nobody = Zu diesem Zertifikat gibt es kein Konto.
source-wrong = Diese Quelle ist nicht richtig eingerichtet. Ein Administrator findet den Grund in den Ereignissen.

## Connecting a device

device-title = Gerät verbinden
device-text = Geben Sie den Code ein, den das Gerät zeigt.
device-code = Code auf dem Gerät
device-code-help = Neun Ziffern, mit oder ohne Leerzeichen.
device-unknown = Kein Gerät wartet mit diesem Code. Sehen Sie auf dem Gerät nach: Vielleicht zeigt es inzwischen einen neuen.
device-sign-in = Auf einem Gerät bei { $app } anmelden?
device-shows = Zeigt ein Gerät vor Ihnen diesen Code?
device-warning = Wer dieses Gerät hat, wird als Sie bei { $app } angemeldet. Hat Ihnen jemand diesen Code oder einen Link zu dieser Seite geschickt, lehnen Sie ab.
device-deny = Ablehnen
device-allow = Erlauben
device-gone = Dieser Code ist abgelaufen oder wurde schon beantwortet. Beginnen Sie am Gerät neu: Es zeigt einen anderen.
device-acting = Sie handeln gerade als jemand anderes. Nur diese Person kann ein Gerät verbinden.
device-connected = Das Gerät ist verbunden
device-connected-text = Es wird gerade bei { $app } angemeldet. Gehen Sie zum Gerät zurück; diese Seite können Sie schließen.
device-refused = Das Gerät wurde abgelehnt
device-refused-text = Es bekommt nichts von { $app }. Sie können diese Seite schließen.
device-none = Gerätecodes werden hier nicht angenommen. Ein Administrator kann in den Einstellungen der Marke einen Ablauf für Gerätecodes wählen.

## Pages about errors

not-found = Seite nicht gefunden
not-found-text = Unter dieser Adresse gibt es nichts.
no-flow = Unter dieser Adresse gibt es keinen Ablauf.
too-much = Das ist zu viel
too-much-text = Gehen Sie zurück und geben Sie weniger ein, oder kleinere Dateien.
busy = Zu viele Anmeldungen gleichzeitig
busy-text = Warten Sie ein paar Sekunden und versuchen Sie es noch einmal.
unavailable = Im Moment nicht verfügbar
unavailable-text = Der Server erreicht seine Datenbank nicht. Warten Sie ein paar Sekunden und versuchen Sie es noch einmal.
broken = Hier ist etwas schiefgegangen
broken-text = Es liegt nicht an Ihnen. Versuchen Sie es gleich noch einmal.
address-received = Erhaltene Adresse
request-error = Fehler in der Anfrage
client-id-error = Fehler in der Client-ID
redirect-error = Fehler in der Redirect-URI
not-found-short = Nicht gefunden
not-set-up = Nicht eingerichtet
begin-again = Beginnen Sie neu
begin-again-text = Die Anmeldung bei { $app } hat zu lange gedauert oder war schon abgeschlossen. Öffnen Sie die Anwendung noch einmal.
no-such-page = Die gewünschte Seite gibt es nicht.
client-unknown = Dieser Server kennt die Anwendung nicht, die Sie hierher geschickt hat. Ihre Betreiber sollten die Client-ID mit der auf der Seite des Providers vergleichen.
redirect-missing = Die Anwendung hat nicht gesagt, wohin es zurückgehen soll. Ihre Betreiber müssen die Rückkehradresse (redirect_uri) setzen.
redirect-unregistered = Die Anwendung wollte zu einer Adresse zurückkehren, die sie nicht registriert hat. Ihre Betreiber müssen genau diese in die Redirect-URIs des Providers eintragen.
no-saml-application = Hier gibt es keine Anwendung, die sich mit SAML anmeldet. Stimmt die Adresse?
saml-refused = { $name } hat eine Nachricht geschickt, die hier nicht angenommen wird. Beginnen Sie neu; kommt diese Seite wieder, schicken Sie das Folgende an die Betreiber von { $name }.
saml-rule = Regel
saml-wrong = Was nicht stimmt

## What was wrong with an answer

error-name-and-password = Name und Passwort passen nicht zusammen. Versuchen Sie es noch einmal.
error-uid-empty = Geben Sie Ihren Benutzernamen oder Ihre E-Mail-Adresse ein.
error-password-empty = Geben Sie Ihr Passwort ein.
error-code-empty = Geben Sie den Code ein.
error-not-right = Das stimmt nicht.
error-not-accepted = Diese Angaben werden nicht akzeptiert.
error-password = Das Passwort ist falsch
error-failed = Die Anmeldung ist fehlgeschlagen.
error-page-too-old = Diese Seite war zu lange geöffnet, oder Cookies sind blockiert. Versuchen Sie es noch einmal.
error-wait = { $seconds ->
    [one] Zu viele Versuche. Versuchen Sie es in { $seconds } Sekunde noch einmal.
   *[other] Zu viele Versuche. Versuchen Sie es in { $seconds } Sekunden noch einmal.
}
error-wait-one = Zu viele Versuche. Versuchen Sie es in 1 Sekunde noch einmal.
error-code = Der Code stimmt nicht
error-code-limit = Mehr Codes können gerade nicht gesendet werden. Versuchen Sie es in einer Stunde noch einmal.
error-code-unsent = Der Code kann nicht gesendet werden. Bitten Sie einen Administrator, nachzusehen.
error-message-unsent = Die SMS kann nicht gesendet werden. Bitten Sie einen Administrator, nachzusehen.
error-message-refused = Der SMS-Anbieter hat die Nachricht abgelehnt.
error-message-number = An diese Nummer kann keine SMS gesendet werden. Prüfen Sie sie.
error-number = Geben Sie eine gültige Telefonnummer mit Ländervorwahl ein: +49 30 123456.
error-mail-limit = Die E-Mail wurde schon so oft gesendet, wie es geht. Beginnen Sie später neu.
error-required = Dieses Feld ist erforderlich.
error-blank = Dieses Feld darf nicht leer sein.
error-too-long = { $count ->
    [one] Höchstens { $count } Zeichen.
   *[other] Höchstens { $count } Zeichen.
}
error-integer = Geben Sie eine ganze Zahl ein.
error-email = Geben Sie eine gültige E-Mail-Adresse ein.
error-date = Geben Sie das Datum so ein: JJJJ-MM-TT.
error-time = Geben Sie Datum und Uhrzeit so ein: JJJJ-MM-TTThh:mm.
error-file-too-large = Die Datei ist zu groß: Höchstens 100 KB.
error-passwords-differ = Die Passwörter stimmen nicht überein.
error-username-taken = Dieser Benutzername ist schon vergeben.
error-factor-code = Der Code ist ungültig. Prüfen Sie die Uhrzeit Ihres Geräts und versuchen Sie es noch einmal.
error-device = Ungültiges Gerät
error-device-refused = Die Prüfung ist fehlgeschlagen
error-device-type = Dieses Gerät ist nicht zugelassen. Wenden Sie sich an die Administratoren von { $brand }.
error-duo-denied = Duo hat den Zugriff abgelehnt
error-duo-waiting = Auf dem Smartphone hat noch niemand geantwortet.
error-duo-unavailable = Duo kann gerade nicht eingerichtet werden. Bitten Sie einen Administrator, nachzusehen.
error-duo-silent = Duo hat nicht geantwortet. Versuchen Sie es noch einmal.
error-duo-exists = Dieses Gerät ist schon eingerichtet.
error-captcha-token = Die Prüfung ist fehlgeschlagen
error-captcha = Die Antwort auf das Captcha ist ungültig
error-captcha-retry = Die Antwort auf das Captcha ist ungültig. Versuchen Sie es noch einmal.
error-password-rules = Das Passwort erfüllt die Regeln nicht.
error-password-weak = Das Passwort ist zu schwach.
error-password-leaked = { $count ->
    [one] Das Passwort steht auf { $count } öffentlichen Liste.
   *[other] Das Passwort steht auf { $count } öffentlichen Listen.
}
error-password-expired = Das Passwort ist abgelaufen.
error-password-short = Das Passwort muss mindestens 8 Zeichen lang sein.
error-change-username = Sie dürfen den Benutzernamen nicht ändern.
error-change-name = Sie dürfen den Namen nicht ändern.
error-change-email = Sie dürfen die E-Mail-Adresse nicht ändern.

## Shipped texts of stored objects

shipped-choose-username = Willkommen bei { $brand }! Wählen Sie einen Benutzernamen.
shipped-change-password = Passwort ändern
shipped-redirecting = Weiterleitung zu { $app }
shipped-update-info = Ihre Daten ändern
shipped-logged-out = Sie sind von { $app } abgemeldet.
shipped-invalidation = Abmelden
shipped-reset-password = Passwort zurücksetzen
shipped-delete-account = Konto löschen
shipped-name = Name
shipped-locale = Sprache
shipped-password-repeat = Passwort (wiederholen)
shipped-admin-email = E-Mail des Administrators
shipped-scope-email = E-Mail-Adresse
shipped-scope-profile = Allgemeine Angaben zur Person
shipped-scope-entitlements = Berechtigungen in der Anwendung
shipped-scope-offline = Neue Tokens anfordern, ohne dass Sie dabei sind
shipped-scope-api = Zugriff auf die API in Ihrem Namen
shipped-scope-groups = Zugehörigkeit zu Gruppen
shipped-scope-github-user = GitHub-kompatibel: Zugriff auf Ihre Benutzerdaten
shipped-scope-github-email = GitHub-kompatibel: Zugriff auf Ihre E-Mail-Adressen
shipped-scope-github-groups = GitHub-kompatibel: Zugriff auf Ihre Gruppen

## Help

help = Hilfe
help-your-settings = Ihre Einstellungen
help-password = Ich weiß mein Passwort nicht mehr
help-password-answer = Klicken Sie bei der Anmeldung auf „Passwort vergessen?“. Fehlt das, kann ein Administrator Ihnen einen Link senden.
help-lost = Mein Smartphone oder Sicherheitsschlüssel ist weg
help-lost-answer = Melden Sie sich mit einem Wiederherstellungscode an. Ohne Codes bitten Sie einen Administrator, das verlorene Gerät aus Ihrem Konto zu entfernen.
help-attempts = Es heißt, es gab zu viele Versuche
help-attempts-answer = Warten Sie so lange wie angegeben. In einem Browser, in dem Sie sich schon einmal angemeldet haben, können andere Sie nicht warten lassen.
help-refused = Eine Anwendung lässt mich nicht hinein
help-refused-answer = Die Seite sagt, warum. Nennen Sie einem Administrator die Nummer am Ende der Seite; damit sieht er, wie entschieden wurde.
help-data = Ich möchte sehen oder ändern, was über mich gespeichert ist
help-data-answer = Öffnen Sie Ihre Einstellungen: Dort finden Sie Ihre Daten, Geräte, Sitzungen und Einwilligungen.

## Mails

mail-hello = Hallo { $name },
mail-sent-by = Gesendet von { $product }.
mail-link-once = Der Link gilt einmal, { $duration } lang.
mail-confirm-subject = Bestätigen Sie Ihre Adresse
mail-confirm-welcome = Willkommen!
mail-confirm-text = Bestätigen Sie, dass diese Adresse Ihre ist, dann ist Ihr Konto bereit:
mail-confirm-do = Adresse bestätigen
mail-confirm-otherwise = Wenn Sie kein Konto angefordert haben, müssen Sie nichts tun.
mail-reset-subject = Wählen Sie ein neues Passwort
mail-reset-text = jemand hat ein neues Passwort für Ihr Konto { $username } angefordert. Wenn Sie das waren, wählen Sie hier eines:
mail-reset-otherwise = Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.
mail-code-subject = Ihr Anmeldecode
mail-code-text = hier ist Ihr Code:
mail-code-once = Er gilt einmal, { $duration } lang.
mail-code-otherwise = Geben Sie ihn niemandem. Wenn Sie ihn nicht angefordert haben, kennt jemand anderes Ihr Passwort: Ändern Sie es.
mail-factor-added-subject = Ihrem Konto wurde ein zweiter Faktor hinzugefügt
mail-factor-removed-subject = Ein zweiter Faktor wurde aus Ihrem Konto entfernt
mail-factor-added = Ihrem Konto { $username } wurde ein zweiter Faktor hinzugefügt:
mail-factor-removed = aus Ihrem Konto { $username } wurde ein zweiter Faktor entfernt:
mail-factor-by = Das hat { $by } getan.
mail-factor-by-from = Das hat { $by } getan, von { $address } aus.
mail-factor-from = Das geschah von { $address } aus.
mail-factor-otherwise = Wenn Sie es waren oder davon wissen, müssen Sie nichts tun. Wenn nicht, ändern Sie Ihr Passwort und prüfen Sie Ihre zweiten Faktoren, oder bitten Sie Ihren Administrator, das Konto zu sperren.
mail-notification = { $product } meldet: { $what }
mail-severity = Dringlichkeit
mail-for = Für
mail-by = Von
mail-about = Betrifft
mail-notice = Hinweis
mail-warning = Warnung
mail-alert = Alarm
mail-sent-over = Gesendet von { $product } über { $transport }.
class-static = Wiederherstellungscodes
class-totp = Authenticator-App
class-webauthn = Passkey oder Sicherheitsschlüssel
class-duo = Duo
class-sms = Codes per SMS
class-email = Codes per E-Mail

## The library and the person's settings

ui-my-applications = Meine Anwendungen
ui-settings = Einstellungen
ui-admin-interface = Verwaltung
ui-sign-out = Abmelden
ui-sign-in = Anmelden
ui-main = Hauptmenü
ui-loading = Wird geladen
ui-reload = Neu laden
ui-find = Anwendung suchen
ui-no-apps = Noch keine Anwendungen
ui-no-apps-admin = Legen Sie die erste an; sie erscheint hier für alle, die sie öffnen dürfen.
ui-no-apps-user = Für Sie ist noch nichts freigegeben. Fragen Sie Ihren Administrator.
ui-create-app = Neue Anwendung anlegen
ui-applications = Anwendungen
ui-no-address = Hat keine Adresse zum Öffnen
ui-edit = Bearbeiten
ui-edit-it = { $name } bearbeiten
ui-nothing-matches = Nichts passt zu „{ $text }“
ui-requests = Anwendungen bitten Sie, sich anzumelden
ui-request = { $application } bittet Sie, sich anzumelden
ui-request-answer = Antworten
ui-details = Ihre Daten
ui-username = Benutzername
ui-name = Name
ui-email = E-Mail
ui-groups = Gruppen
ui-none = Keine
ui-ways = Anmeldemöglichkeiten
ui-password = Passwort
ui-password-hint = Ändern Sie es, wenn jemand anderes es kennen könnte.
ui-change-password = Passwort ändern
ui-mfa = Zweite Faktoren
ui-enroll = Einrichten
ui-mfa-empty = Noch keine. Mit einem zweiten Faktor reicht ein gestohlenes Passwort nicht, um sich als Sie anzumelden.
ui-sources = Verbundene Konten
ui-sources-text = Konten anderswo, mit denen Sie sich hier anmelden können.
ui-connect = Verbinden
ui-connected = Verbunden
ui-disconnect = Trennen
ui-disconnect-from = { $source } trennen
ui-disconnect-text = Mit { $source } können Sie sich erst wieder anmelden, wenn Sie es neu verbinden.
ui-disconnected = { $source } ist getrennt.
ui-not-set-up = Nicht eingerichtet
ui-set-up-when = eingerichtet { $when }
ui-used-when = benutzt { $when }
ui-never-used = nie benutzt
ui-ends-when = endet { $when }
ui-endless = endet nicht
ui-rename = Umbenennen
ui-rename-it = { $name } umbenennen
ui-name-hint = Damit Sie sie unterscheiden können.
ui-delete = Löschen
ui-delete-it = { $name } löschen
ui-deleted = { $name } gelöscht.
ui-device-gone = Sie können sich damit nicht mehr anmelden. Das lässt sich nicht rückgängig machen; Sie können es aber neu einrichten.
ui-save = Speichern
ui-cancel = Abbrechen
ui-close = Schließen
ui-create = Anlegen
ui-sessions = Sitzungen
ui-sign-out-elsewhere = Überall sonst abmelden
ui-sign-out-elsewhere-text = Alle anderen Browser und Geräte, mit denen Sie angemeldet sind, werden abgemeldet, und was Anwendungen darüber erhalten haben, endet. Diese Sitzung bleibt.
ui-sessions-ended = { $count ->
    [one] { $count } Sitzung beendet.
   *[other] { $count } Sitzungen beendet.
}
ui-nowhere-else = Sie waren sonst nirgends angemeldet.
ui-browser-on = { $browser } auf { $system }
ui-unknown-browser = Unbekannter Browser
ui-current-session = Diese Sitzung
ui-end = Beenden
ui-end-session = Sitzung auf { $name } beenden
ui-end-session-text = Dieser Browser wird abgemeldet, und was Anwendungen darüber erhalten haben, endet.
ui-no-session = Es ist keine Sitzung verzeichnet.
ui-tokens = Tokens und App-Passwörter
ui-create-token = Token anlegen
ui-create-app-password = App-Passwort anlegen
ui-token = Token
ui-app-password = App-Passwort
ui-token-created = Angelegt. Kopieren Sie es aus der Liste.
ui-no-tokens = Keine. Mit einem Token nutzt ein Programm die API für Sie; ein App-Passwort meldet dort an, wo keine Seite angezeigt werden kann.
ui-token-gone = Programme, die es benutzen, können sich nicht mehr als Sie anmelden. Das lässt sich nicht rückgängig machen.
ui-identifier = Kennung
ui-identifier-hint = Ein Name, unter dem Sie es wiederfinden.
ui-identifier-wrong = Nur Buchstaben, Ziffern, - und _ sind erlaubt.
ui-identifier-taken = Unter diesem Namen haben Sie schon eines.
ui-description = Beschreibung
ui-copy = Kopieren
ui-copy-it = { $name } kopieren
ui-copied = Kopiert
ui-copy-by-hand = Markieren und kopieren
ui-consent = Einwilligungen
ui-application = Anwendung
ui-no-details = keine Angaben
ui-withdraw = Widerrufen
ui-withdraw-from = Einwilligung für { $app } widerrufen
ui-withdraw-text = { $app } fragt Sie wieder, wenn Sie es das nächste Mal öffnen.
ui-withdrawn = Ihre Einwilligung für { $app } ist widerrufen.
ui-no-consent = Sie haben keiner Anwendung erlaubt, etwas über Sie zu erfahren.
ui-delete-account = Konto löschen
ui-delete-account-text = Ihr Konto wird gelöscht, mit allen Sitzungen, Tokens und zweiten Faktoren.
ui-colours = Farben
ui-colours-system = Wie das System
ui-colours-light = Hell
ui-colours-dark = Dunkel
ui-colours-switch = Farben: { $now }. Wechseln zu: { $next }
ui-account-of = { $initials }, Konto von { $username }
ui-notifications = Benachrichtigungen
ui-notifications-unread = Benachrichtigungen, { $count } ungelesen
ui-no-notifications = Keine neuen Benachrichtigungen. Was Benachrichtigungsregeln Ihnen melden, erscheint hier.
ui-notice = Hinweis
ui-warning = Warnung
ui-alert = Alarm
ui-show-event = Ereignis anzeigen
ui-mark-seen = Als gelesen markieren
ui-clear-all = Alle löschen
ui-acting = Sie sind { $original } und handeln als { $username }.
ui-stop-acting = Nicht mehr als diese Person handeln
ui-session-ended = Ihre Sitzung ist beendet
ui-confirm-you = Bestätigen Sie, dass Sie es sind
ui-other-person = Sie haben sich als { $other } angemeldet, aber diese Seite gehört { $name }. Melden Sie sich ab und als { $name } an, oder laden Sie diese Seite neu, um als { $other } weiterzumachen.
ui-prove = Das ändert, wie sich jemand anmeldet; melden Sie sich deshalb noch einmal an. Es geschieht, sobald Sie zurück sind.
ui-sign-in-again = Melden Sie sich wieder als { $name } an, um weiterzumachen. Ihre Eingaben sind noch da und werden gesendet, sobald Sie zurück sind.
ui-blocked = Der Browser hat kein Fenster geöffnet. Öffnen Sie diesen Server in einem anderen Tab, melden Sie sich dort an und kommen Sie zurück.
ui-waiting = Warten darauf, dass Sie sich im anderen Fenster anmelden.
ui-reload-page = Seite neu laden
ui-sign-out-person = { $name } abmelden
ui-not-now = Nicht jetzt
ui-not-proved = Es wurde nichts geändert, weil Sie sich nicht noch einmal angemeldet haben.
ui-not-signed-in = Sie haben sich nicht wieder angemeldet. Ihre Eingaben sind noch da.
ui-not-found = Nicht gefunden
ui-not-loaded = Das konnte nicht geladen werden
ui-go-back = Zurück
ui-try-again = Erneut versuchen
ui-dismiss = Ausblenden
ui-fields-wrong = Einige Felder müssen noch einmal geprüft werden.
ui-error-denied = Das dürfen Sie nicht. Bitten Sie einen Administrator um die Berechtigung.
ui-error-gone = Das gibt es nicht mehr.
ui-error-changed = Jemand anderes hat das inzwischen geändert. Laden Sie neu und versuchen Sie es noch einmal.
ui-error-often = Zu viele Anfragen. Warten Sie einen Moment und versuchen Sie es noch einmal.
ui-error-busy = Der Server ist ausgelastet oder nicht bereit. Versuchen Sie es gleich noch einmal.
ui-error-other = Der Server hat mit einem Fehler geantwortet ({ $status }). Sein Protokoll sagt, warum.
ui-unreachable = Der Server ist nicht erreichbar. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.
ui-signed-in = Sie sind angemeldet
ui-signed-in-text = Schließen Sie dieses Fenster und machen Sie im anderen weiter. Was Sie dort eingegeben haben, ist noch da.
ui-now = gerade eben
ui-soon = gleich
