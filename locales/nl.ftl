## What every page may say

continue = Doorgaan
cancel = Annuleren
or = of
yes = Ja
no = Nee
sign-in = Inloggen
sign-out = Uitloggen
log-in = Inloggen
try-again = Opnieuw proberen
switch-account = Ander account gebruiken
my-applications = Mijn toepassingen
start-page = Naar de startpagina
copy = Kopiëren
copied = Gekopieerd
print = Afdrukken
request-number = Verzoek
run-number = Volgnummer
why = Waarom? (beheerders)
not-you = Bent u dit niet?
signed-in-as = Ingelogd als { $person }.
ask-for-access = Hebt u { $app } nodig, vraag dan de beheerders van { $brand } en geef hun het nummer hieronder.
one-moment = Een ogenblik
press-button = Gebeurt er niets, klik dan op de knop.
sent-on = U wordt doorgestuurd.
show = Tonen
hide = Verbergen
show-password = Wachtwoord tonen
hide-password = Wachtwoord verbergen
caps-lock = Caps Lock staat aan.
needs-script = Deze pagina heeft JavaScript nodig. Inloggen werkt zonder.
duration-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } seconden
}
duration-minutes = { $count ->
    [one] { $count } minuut
   *[other] { $count } minuten
}
duration-hours = { $count ->
    [one] { $count } uur
   *[other] { $count } uur
}
duration-days = { $count ->
    [one] { $count } dag
   *[other] { $count } dagen
}

## Sign in

username-label = Gebruikersnaam
email-label = E-mail
upn-label = UPN
either = { $one } of { $other }
password-label = Wachtwoord
enter-password = Voer uw wachtwoord in
forgot-password = Wachtwoord vergeten?
forgot-either = Gebruikersnaam of wachtwoord vergeten?
remember-me = Onthouden op dit apparaat
use-security-key = Beveiligingssleutel gebruiken
continue-with = Doorgaan met { $source }
no-account = Nog geen account?
sign-up = Registreren
to-continue-to = om door te gaan naar { $app }
stay-signed-in = Ingelogd blijven?
stay-signed-in-hint = Kies Ja alleen op een apparaat dat niemand anders gebruikt.
are-you-a-person = Bent u een mens?
person-needs-script = Deze pagina controleert of u een mens bent. Daarvoor is JavaScript nodig, en dat staat in deze browser uit.
person-failed = De controle is niet gelukt. Laad de pagina opnieuw om het nog eens te proberen.
person-unreachable = De dienst die controleert of u een mens bent, is niet bereikbaar.

## Passwords

strength-hint = Lang is beter dan ingewikkeld: vier of vijf losse woorden volstaan.
strength-short = Te kort.
strength-weak = Zwak. In minuten te raden.
strength-fair = Redelijk. Offline in dagen te raden.
strength-strong = Sterk. Offline raden zou jaren duren.
strength-very-strong = Zeer sterk. Offline raden zou eeuwen duren.

## Second factors and passkeys

confirm-you = Bevestig dat u het bent
passkey-sign-in = Inloggen met een passkey
passkey-asks = Uw browser vraagt om uw passkey of beveiligingssleutel.
passkey-use = Passkey gebruiken
passkey-needs-script = Voor passkeys is JavaScript nodig, en dat staat in deze browser uit.
passkey-unsupported = Deze browser ondersteunt geen passkeys, of de pagina is niet via HTTPS geopend.
passkey-exists = Op dat apparaat hebt u al een passkey. Gebruik een ander apparaat of de passkey die u hebt.
passkey-address = Passkeys werken niet op dit adres. Open de pagina met haar naam, via HTTPS.
passkey-not-made = Er is geen passkey gemaakt. U kunt het opnieuw proberen.
passkey-not-used = Er is geen passkey gebruikt. U kunt het opnieuw proberen.
passkey-browser-failed = Uw browser meldt een fout: { $reason }
passkey-unknown = Deze passkey is hier niet bekend. Misschien is hij verwijderd.
passkey-refused = Deze passkey is niet geaccepteerd. Probeer het opnieuw.
passkey-set-up = Passkey instellen
passkey-set-up-hint = Hiermee logt u in met uw vingerafdruk, gezicht, pincode of een beveiligingssleutel.
passkey-set-up-where = Uw browser vraagt waar hij wordt bewaard: op dit apparaat, in een wachtwoordbeheerder, op uw telefoon of op een beveiligingssleutel. U kunt er meer dan één instellen.
factor-set-up = Tweede factor instellen
factor-set-up-hint = Om hier in te loggen is een wachtwoord niet genoeg. Kies wat u wilt gebruiken.
factor-recovery-code = Herstelcode
factor-recovery-code-hint = Elke code werkt één keer.
factor-recovery-code-use = Herstelcode gebruiken
factor-mail-code = Code uit de e-mail
factor-mail-code-use = Code per e-mail ontvangen
factor-message-code = Code uit het sms-bericht
factor-message-code-use = Code per sms ontvangen
factor-duo-code = Code uit Duo Mobile
factor-duo-use = Duo gebruiken
factor-app-code = Code uit uw authenticator-app
factor-app-use = Authenticator-app gebruiken
factor-sent-to = Verzonden naar { $to }.
factor-code-wrong = Deze code is onjuist of is al gebruikt.
factor-app-code-wrong = Deze code is onjuist of is al gebruikt. Wacht op de volgende.
factor-duo-refused = Duo heeft deze code niet geaccepteerd.
factor-ask-phone = Vragen op mijn telefoon
code-sent-to = We hebben een code naar { $to } gestuurd.
send-code = Code versturen
send-another-code = Nieuwe code versturen
use-another-address = Ander adres gebruiken
use-another-number = Ander nummer gebruiken
mail-codes-set-up = Codes per e-mail instellen
mail-codes-set-up-hint = Voortaan hebt u bij het inloggen ook een code nodig die we naar uw adres sturen.
mail-codes-address = E-mailadres
text-codes-set-up = Codes per sms instellen
text-codes-set-up-hint = We sturen een code naar uw telefoon om te controleren dat het nummer van u is.
text-codes-number = Telefoonnummer
text-codes-number-hint = Met landnummer, bijvoorbeeld +49 30 123456.
app-set-up = Authenticator-app instellen
app-set-up-hint = Voortaan hebt u bij het inloggen ook een code van uw telefoon nodig.
app-scan = Scan dit met een authenticator-app, bijvoorbeeld Google Authenticator, Aegis of 1Password.
app-qr = QR-code voor uw authenticator-app
app-no-scan = Lukt scannen niet?
app-type-key = Typ deze sleutel in de app, of
app-open = open een app op dit apparaat
app-code = Code uit de app
app-code-hint = De app toont elke 30 seconden een nieuwe.
duo-set-up = Duo instellen
duo-set-up-hint = Voortaan wordt bij het inloggen ook op uw telefoon om bevestiging gevraagd.
duo-scan = Scan dit met de app Duo Mobile en ga dan door.
duo-qr = QR-code voor Duo Mobile
duo-open = Duo Mobile op dit apparaat openen
duo-waits = Duo kent uw telefoon nog niet. Scan eerst de code met Duo Mobile.
recovery-codes-keep = Bewaar uw herstelcodes
recovery-codes-keep-hint = Met elke code kunt u één keer inloggen als u uw andere tweede factor niet bij de hand hebt.
recovery-codes-print = Druk deze codes af of bewaar ze in een wachtwoordbeheerder. Ze worden niet opnieuw getoond.
recovery-codes-saved = Ik heb ze bewaard

## Consent

consent-wants = wil weten wie u bent
consent-new = { $what } (nieuw)
consent-nothing = Er wordt alleen een nummer verstuurd dat voor u staat.
consent-back-to = U gaat terug naar { $target }.
consent-withdraw = U kunt dit intrekken onder Instellingen, Toestemmingen.
consent-name = Uw naam en gebruikersnaam
consent-email = Uw e-mailadres
consent-groups = Uw groepen
consent-away = Toegang terwijl u er niet bent
consent-away-hint = Zonder u opnieuw te vragen, tot u het intrekt

## Recovery and links

check-mail = Bekijk uw e-mail
check-mail-confirm = We hebben een link gestuurd naar het adres dat u hebt ingevoerd. Open de link om te bevestigen dat het adres van u is.
check-mail-recovery = Als er een account is voor wat u hebt ingevoerd, is er een e-mail met een link onderweg.
check-mail-note = De link werkt één keer, gedurende { $duration }. U kunt hem in een andere browser openen.
check-mail-again = De e-mail wordt nog eens verstuurd. Kijk ook in de map met ongewenste e-mail.
send-it-again = Opnieuw versturen
link-signs-in = Met deze link logt u in, één keer.
link-works-once = Deze link werkt één keer. Ga door wanneer u klaar bent.
link-expired = Deze link is niet meer geldig
link-expired-why = Hij is al gebruikt, is verlopen of hoort niet bij het account waarmee u bent ingelogd. Vraag een nieuwe aan.

## The own account

delete-account = Uw account verwijderen?
delete-account-warning = Uw account wordt verwijderd, met al uw sessies, tokens en tweede factoren. Dit kan niet ongedaan worden gemaakt.
delete-account-do = Mijn account verwijderen
asked-to-sign-out = U wordt gevraagd hier uit te loggen.
language-of-browser = Automatisch (taal van de browser)

## Sign out

sign-out-question = Uitloggen?
logged-out = U bent uitgelogd
logged-out-of = U bent uitgelogd bij { $app }
still-signed-in = Bij { $brand } bent u nog ingelogd.
log-out-of = Uitloggen bij { $brand }
log-back-into = Weer inloggen bij { $app }
back-to-overview = Terug naar het overzicht
signed-out = Uitgelogd
signed-out-text = U bent uitgelogd.
signed-out-unregistered = U bent uitgelogd. U zou worden doorgestuurd naar een adres dat de toepassing niet heeft geregistreerd.
sign-out-asked-by = { $app } vraagt u ook hier uit te loggen.
sign-out-all-the-same = U kunt hier toch uitloggen.
sign-out-here = Toch hier uitloggen
sign-out-not-understood = Verzoek om uit te loggen niet begrepen
go-to = Naar { $app }
go-on-to = Verder naar { $app }
redirecting = Doorsturen…
redirecting-to-dots = Doorsturen naar { $app }…
signing-out = Bezig met uitloggen
signing-out-text = Uw toepassingen worden uitgelogd.
signed-out-everywhere = U bent hier en bij uw toepassingen uitgelogd.
signed-out-here = Hier uitgelogd
signed-out-not-all = Niet elke toepassing kon worden uitgelogd.
sign-out-asked = Door uw browser gevraagd u uit te loggen
sign-out-open = Misschien bent u daar nog ingelogd.
sign-out-trying = Nog niet bereikt. Deze server blijft het enkele minuten proberen.
sign-out-failed = Niet bereikt. Misschien bent u daar nog ingelogd.
open-it = Openen

## Refusals

open-denied = U kunt { $app } niet openen
sign-in-denied = U kunt niet inloggen
go-on-denied = U kunt hier niet verder
denied-generic = Uw account is in orde; deze toepassing is er alleen niet voor bedoeld.
denied-group = Uw account is in orde; deze toepassing is voor de groep { $groups }.
denied-groups = Uw account is in orde; deze toepassing is voor de groepen { $groups }.
denied-rule = Aan deze regel ({ $rule }) is niet voldaan.
denied-account = Deze stap is niet bedoeld voor het account waarmee u bent ingelogd.
denied-nobody = Deze stap is nu niet voor u beschikbaar.
denied-passwords = Te veel onjuiste wachtwoorden. Begin opnieuw of vraag een nieuw wachtwoord aan.
set-up-finished = De installatie is voltooid
set-up-finished-why = Er is al een beheerder; deze pagina blijft gesloten.
welcome-to = Welkom bij { $brand }
set-up-hint = Maak de eerste beheerder aan. Daarna sluit deze pagina voorgoed.
set-up-username = Uw gebruikersnaam is akadmin. U kunt die later wijzigen.
insiders-only = Deze interface is alleen voor interne gebruikers.
insiders-only-why = Uw account is in orde. Open de toepassing die u wilt gebruiken op haar eigen adres.
administrators-only = Dit deel is voor beheerders
administrators-only-why = Uw account is in orde; er is hier alleen niets voor u te doen.
no-address = Deze toepassing heeft geen adres om te openen. Een beheerder kan er een start-URL aan geven.
denied-permission = Toegang geweigerd
denied-request = Het verzoek is geweigerd.
denied-no-application = Toepassing niet gevonden: deze provider is er nog aan geen gekoppeld.
denied-changed = De toepassing is intussen gewijzigd.
denied-saml-set-up = Het inloggen bij deze toepassing is niet goed ingesteld.
denied-rule-failed = Een regel die over deze stap beslist, is mislukt of verwijderd. Vraag een beheerder ernaar te kijken.
denied-flow-changed = Een beheerder heeft deze procedure gewijzigd terwijl u erin zat.
denied-server-updated = De server is intussen bijgewerkt.
denied-stage-deleted = Deze stap is intussen verwijderd.
denied-question-deleted = Een vraag van deze pagina is verwijderd.
denied-account-gone = Dit account bestaat niet meer.
denied-acting = U handelt als iemand anders. Alleen die persoon kan zijn tweede factor instellen.
denied-acting-delete = U handelt als iemand anders. Alleen die persoon kan zijn account verwijderen.
denied-sign-in-first = Log in voordat u een tweede factor instelt.
denied-sign-in-first-delete = Log in voordat u uw account verwijdert.
denied-other-account = Deze link is voor een ander account.
denied-mail = De e-mail kan niet worden verstuurd. Vraag een beheerder ernaar te kijken.
denied-no-factor = Er is geen (toegestane) tweede factor ingesteld.
denied-invitation = Uitnodiging ongeldig of niet gevonden
denied-invitation-signed-in = U hebt al een account. Log uit om een uitnodiging te gebruiken.
denied-set-up-done = De installatie is al voltooid. Log in met het account dat is aangemaakt.
denied-update = Het account kon niet worden opgeslagen. Probeer het later opnieuw.

## Signing in by a source

source-refused = U kunt niet inloggen met { $source }
source-some = deze bron
source-unknown = Deze bron bestaat niet of staat uit.
source-acting = U handelt als iemand anders. Alleen die persoon kan een identiteit koppelen.
source-connect = { $source } koppelen?
source-connect-text = Wie bij { $source } inlogt zoals u dat doet, is voortaan hier ingelogd als { $user }.
source-connect-action = Koppelen
source-over = Dit duurde te lang, is al gebeurd of is in een andere browser begonnen. Begin opnieuw.
source-gone = Deze bron is uitgezet of verwijderd terwijl u inlogde.
source-unnamed = De bron heeft niet gezegd wie u bent.
source-rules = De regels van deze bron laten u niet toe.
source-unreadable = Een regel van deze server kon niet lezen wat de bron over u zei. Vraag een beheerder ernaar te kijken.
source-no-enrollment = Met deze bron worden geen accounts gemaakt.
source-no-flow = De ingestelde flow bestaat niet.
source-connected-elsewhere = Deze identiteit is aan een ander account gekoppeld, of uw account aan een andere identiteit van { $source }.
source-somebody-else = U bent hier ingelogd met een account dat niet aan deze identiteit is gekoppeld. Log eerst uit, of koppel haar in uw instellingen.
source-denied = Inloggen met { $source } is geweigerd. Log in zoals u zich eerder hebt geregistreerd.
source-elsewhere = Deze identiteit is aan een ander account gekoppeld of intussen ontkoppeld.
source-groups = De groepen konden niet worden bijgewerkt. Probeer het later opnieuw.
source-not-waiting = Wat u deed is intussen voorbij of gaat over een ander account. Begin opnieuw.
source-no-account = Er is geen account voor deze identiteit gevonden.
source-missing = De bron bestaat niet
certificate-missing = Er is een certificaat nodig en er is geen getoond.
certificate-of-nobody = Bij dit certificaat hoort geen account.
source-wrong = Deze bron is niet goed ingesteld. Een beheerder vindt de reden in de gebeurtenissen.

## Connecting a device

device-title = Apparaat verbinden
device-text = Typ de code die het apparaat laat zien.
device-code = Code op het apparaat
device-code-help = Negen cijfers, met of zonder spaties.
device-unknown = Geen apparaat wacht met deze code. Kijk op het apparaat: misschien staat er inmiddels een nieuwe.
device-sign-in = Inloggen bij { $app } op een apparaat?
device-shows = Laat een apparaat vóór u deze code zien?
device-warning = Wie dat apparaat heeft, wordt als u ingelogd bij { $app }. Heeft iemand u deze code of een link naar deze pagina gestuurd, weiger dan.
device-deny = Weigeren
device-allow = Toestaan
device-gone = Deze code is verlopen of al beantwoord. Begin opnieuw op het apparaat: dat laat een nieuwe zien.
device-acting = U handelt namens iemand anders. Alleen die persoon kan een apparaat verbinden.
device-connected = Het apparaat is verbonden
device-connected-text = Het wordt ingelogd bij { $app }. Ga terug naar het apparaat; u kunt deze pagina sluiten.
device-refused = Het apparaat is geweigerd
device-refused-text = Het krijgt niets van { $app }. U kunt deze pagina sluiten.
device-none = Codes van apparaten worden hier niet aangenomen. Een beheerder kan in de instellingen van het merk een flow voor apparaatcodes kiezen.

## Pages about errors

not-found = Pagina niet gevonden
not-found-text = Op dit adres is niets te vinden.
no-flow = Op dit adres is geen procedure te vinden.
too-much = Dat is te veel
too-much-text = Ga terug en voer minder in, of kleinere bestanden.
busy = Te veel inlogpogingen tegelijk
busy-text = Wacht een paar seconden en probeer het opnieuw.
unavailable = Op dit moment niet beschikbaar
unavailable-text = De server kan zijn database niet bereiken. Wacht een paar seconden en probeer het opnieuw.
broken = Hier ging iets mis
broken-text = Het ligt niet aan u. Probeer het zo meteen opnieuw.
address-received = Ontvangen adres
request-error = Fout in het verzoek
client-id-error = Fout in de client-ID
redirect-error = Fout in de redirect-URI
not-found-short = Niet gevonden
not-set-up = Niet ingesteld
begin-again = Begin opnieuw
begin-again-text = Het inloggen bij { $app } duurde te lang of was al voltooid. Open de toepassing opnieuw.
no-such-page = De gevraagde pagina bestaat niet.
client-unknown = Deze server kent de toepassing niet die u hierheen heeft gestuurd. De beheerders ervan moeten de Client ID vergelijken met die op de pagina van de provider.
redirect-missing = De toepassing heeft niet gezegd waarheen terug te keren. De beheerders ervan moeten het terugkeeradres (redirect_uri) instellen.
redirect-unregistered = De toepassing wilde terugkeren naar een adres dat ze niet heeft geregistreerd. De beheerders ervan moeten precies dit adres toevoegen aan de Redirect URIs van de provider.
no-saml-application = Er is hier geen toepassing die met SAML inlogt. Klopt het adres?
saml-refused = { $name } stuurde een bericht dat hier niet wordt aangenomen. Begin opnieuw; komt deze pagina terug, stuur dan wat hieronder staat naar de beheerders van { $name }.
saml-rule = Regel
saml-wrong = Wat er mis is

## What was wrong with an answer

error-name-and-password = Naam en wachtwoord horen niet bij elkaar. Probeer het opnieuw.
error-uid-empty = Voer uw gebruikersnaam of e-mailadres in.
error-password-empty = Voer uw wachtwoord in.
error-code-empty = Voer de code in.
error-not-right = Dit klopt niet.
error-not-accepted = Deze antwoorden worden niet geaccepteerd.
error-password = Onjuist wachtwoord
error-failed = Inloggen is mislukt.
error-page-too-old = Deze pagina stond te lang open, of cookies zijn geblokkeerd. Probeer het opnieuw.
error-wait = { $seconds ->
    [one] Te veel pogingen. Probeer het over { $seconds } seconde opnieuw.
   *[other] Te veel pogingen. Probeer het over { $seconds } seconden opnieuw.
}
error-wait-one = Te veel pogingen. Probeer het over 1 seconde opnieuw.
error-code = De code klopt niet
error-code-limit = Er kunnen nu geen codes meer worden verstuurd. Probeer het over een uur opnieuw.
error-code-unsent = De code kan niet worden verstuurd. Vraag een beheerder ernaar te kijken.
error-message-unsent = Het sms-bericht kan niet worden verstuurd. Vraag een beheerder ernaar te kijken.
error-message-refused = De sms-provider heeft het bericht geweigerd.
error-message-number = Naar dit nummer kan geen sms worden verstuurd. Controleer het.
error-number = Voer een geldig telefoonnummer met landnummer in: +49 30 123456.
error-mail-limit = De e-mail is al zo vaak verstuurd als mogelijk is. Begin later opnieuw.
error-required = Dit veld is verplicht.
error-blank = Dit veld mag niet leeg zijn.
error-too-long = { $count ->
    [one] Hoogstens { $count } teken.
   *[other] Hoogstens { $count } tekens.
}
error-integer = Voer een geheel getal in.
error-email = Voer een geldig e-mailadres in.
error-date = Voer de datum zo in: JJJJ-MM-DD.
error-time = Voer datum en tijd zo in: JJJJ-MM-DDTuu:mm.
error-file-too-large = Het bestand is te groot: hoogstens 100 KB.
error-passwords-differ = De wachtwoorden komen niet overeen.
error-username-taken = Deze gebruikersnaam is al in gebruik.
error-factor-code = Ongeldige code. Controleer de tijd van uw apparaat en probeer het opnieuw.
error-device = Ongeldig apparaat
error-device-refused = De controle is mislukt
error-device-type = Dit type apparaat is niet toegestaan. Neem contact op met de beheerders van { $brand }.
error-duo-denied = Duo heeft de toegang geweigerd
error-duo-waiting = Op de telefoon heeft nog niemand geantwoord.
error-duo-unavailable = Duo kan nu niet worden ingesteld. Vraag een beheerder ernaar te kijken.
error-duo-silent = Duo gaf geen antwoord. Probeer het opnieuw.
error-duo-exists = Dit apparaat is al ingesteld.
error-captcha-token = De controle is mislukt
error-captcha = Ongeldig antwoord op de captcha
error-captcha-retry = Ongeldig antwoord op de captcha. Probeer het opnieuw.
error-password-rules = Het wachtwoord voldoet niet aan de regels.
error-password-weak = Het wachtwoord is te zwak.
error-password-leaked = { $count ->
    [one] Het wachtwoord staat op { $count } openbare lijst.
   *[other] Het wachtwoord staat op { $count } openbare lijsten.
}
error-password-expired = Het wachtwoord is verlopen.
error-password-short = Het wachtwoord moet minstens 8 tekens lang zijn.
error-change-username = U mag de gebruikersnaam niet wijzigen.
error-change-name = U mag de naam niet wijzigen.
error-change-email = U mag het e-mailadres niet wijzigen.

## Shipped texts of stored objects

shipped-choose-username = Welkom bij { $brand }! Kies een gebruikersnaam.
shipped-change-password = Wachtwoord wijzigen
shipped-redirecting = Doorsturen naar { $app }
shipped-update-info = Uw gegevens bijwerken
shipped-logged-out = U bent uitgelogd bij { $app }.
shipped-invalidation = Uitloggen
shipped-reset-password = Wachtwoord opnieuw instellen
shipped-delete-account = Uw account verwijderen
shipped-name = Naam
shipped-locale = Taal
shipped-password-repeat = Wachtwoord (herhalen)
shipped-admin-email = E-mail van de beheerder
shipped-scope-email = E-mailadres
shipped-scope-profile = Algemene profielgegevens
shipped-scope-entitlements = Rechten in de toepassing
shipped-scope-offline = Nieuwe tokens aanvragen zonder uw tussenkomst
shipped-scope-api = Toegang tot de API namens u
shipped-scope-groups = Lidmaatschap van groepen
shipped-scope-github-user = GitHub-compatibel: toegang tot uw gebruikersgegevens
shipped-scope-github-email = GitHub-compatibel: toegang tot uw e-mailadressen
shipped-scope-github-groups = GitHub-compatibel: toegang tot uw groepen

## Help

help = Hulp
help-your-settings = Uw instellingen
help-password = Ik weet mijn wachtwoord niet meer
help-password-answer = Kies ‘Wachtwoord vergeten?’ op de inlogpagina. Staat dat er niet, dan kan een beheerder u een link sturen.
help-lost = Ik ben mijn telefoon of beveiligingssleutel kwijt
help-lost-answer = Log in met een van uw herstelcodes. Hebt u die niet, vraag dan een beheerder het verloren apparaat uit uw account te verwijderen.
help-attempts = Er staat dat er te veel pogingen waren
help-attempts-answer = Wacht zo lang als er staat. In een browser waarin u al eens hebt ingelogd, kunnen anderen u niet laten wachten.
help-refused = Een toepassing laat me niet binnen
help-refused-answer = De pagina zegt waarom. Geef het nummer onderaan de pagina aan een beheerder; die kan zien hoe er is beslist.
help-data = Ik wil zien of wijzigen wat er over mij is opgeslagen
help-data-answer = Open uw instellingen: daar staan uw gegevens, apparaten, sessies en toestemmingen.

## Mails

mail-hello = Hallo { $name },
mail-sent-by = Verzonden door { $product }.
mail-link-once = De link werkt één keer, gedurende { $duration }.
mail-confirm-subject = Bevestig uw adres
mail-confirm-welcome = Welkom!
mail-confirm-text = Bevestig dat dit adres van u is, dan is uw account klaar:
mail-confirm-do = Adres bevestigen
mail-confirm-otherwise = Hebt u geen account aangevraagd, dan hoeft u niets te doen.
mail-reset-subject = Kies een nieuw wachtwoord
mail-reset-text = iemand heeft een nieuw wachtwoord aangevraagd voor uw account { $username }. Was u dat, kies er dan hier een:
mail-reset-otherwise = Was u het niet, dan hoeft u niets te doen: uw wachtwoord blijft zoals het is.
mail-code-subject = Uw inlogcode
mail-code-text = dit is uw code:
mail-code-once = Hij werkt één keer, gedurende { $duration }.
mail-code-otherwise = Geef hem aan niemand. Hebt u er niet om gevraagd, dan kent iemand anders uw wachtwoord: wijzig het.
mail-factor-added-subject = Er is een tweede factor aan uw account toegevoegd
mail-factor-removed-subject = Er is een tweede factor uit uw account verwijderd
mail-factor-added = er is een tweede factor toegevoegd aan uw account { $username }:
mail-factor-removed = er is een tweede factor verwijderd uit uw account { $username }:
mail-factor-by = Dit is gedaan door { $by }.
mail-factor-by-from = Dit is gedaan door { $by }, vanaf { $address }.
mail-factor-from = Dit is gedaan vanaf { $address }.
mail-factor-otherwise = Was u het of weet u ervan, dan hoeft u niets te doen. Zo niet, wijzig dan uw wachtwoord en controleer uw tweede factoren, of vraag uw beheerder het account te blokkeren.
mail-notification = Melding van { $product }: { $what }
mail-severity = Ernst
mail-for = Voor
mail-by = Door
mail-about = Betreft
mail-notice = Melding
mail-warning = Waarschuwing
mail-alert = Alarm
mail-sent-over = Verzonden door { $product } via { $transport }.
class-static = herstelcodes
class-totp = authenticator-app
class-webauthn = passkey of beveiligingssleutel
class-duo = Duo
class-sms = codes per sms
class-email = codes per e-mail

## The library and the person's settings

ui-my-applications = Mijn toepassingen
ui-settings = Instellingen
ui-admin-interface = Beheer
ui-sign-out = Uitloggen
ui-sign-in = Inloggen
ui-main = Hoofdmenu
ui-loading = Laden
ui-reload = Opnieuw laden
ui-find = Toepassing zoeken
ui-no-apps = Nog geen toepassingen
ui-no-apps-admin = Maak de eerste; ze verschijnt hier voor iedereen die haar mag openen.
ui-no-apps-user = Er is nog niets voor u opengesteld. Vraag uw beheerder.
ui-create-app = Nieuwe toepassing maken
ui-applications = Toepassingen
ui-no-address = Heeft geen adres om te openen
ui-edit = Bewerken
ui-edit-it = { $name } bewerken
ui-nothing-matches = Niets gevonden voor ‘{ $text }’
ui-requests = Toepassingen vragen u om in te loggen
ui-request = { $application } vraagt u om in te loggen
ui-request-answer = Antwoorden
ui-details = Uw gegevens
ui-username = Gebruikersnaam
ui-name = Naam
ui-email = E-mail
ui-groups = Groepen
ui-none = Geen
ui-ways = Manieren om in te loggen
ui-password = Wachtwoord
ui-password-hint = Wijzig het als iemand anders het zou kunnen kennen.
ui-change-password = Wachtwoord wijzigen
ui-mfa = Tweede factoren
ui-enroll = Instellen
ui-mfa-empty = Nog geen. Met een tweede factor is een gestolen wachtwoord niet genoeg om als u in te loggen.
ui-sources = Gekoppelde accounts
ui-sources-text = Accounts elders waarmee u hier kunt inloggen.
ui-connect = Koppelen
ui-connected = Gekoppeld
ui-disconnect = Ontkoppelen
ui-disconnect-from = { $source } ontkoppelen
ui-disconnect-text = U kunt pas weer met { $source } inloggen als u het opnieuw koppelt.
ui-disconnected = { $source } is ontkoppeld.
ui-not-set-up = Niet ingesteld
ui-set-up-when = ingesteld { $when }
ui-used-when = gebruikt { $when }
ui-never-used = nooit gebruikt
ui-ends-when = eindigt { $when }
ui-endless = eindigt niet
ui-rename = Naam wijzigen
ui-rename-it = Naam van { $name } wijzigen
ui-name-hint = Zodat u ze uit elkaar kunt houden.
ui-delete = Verwijderen
ui-delete-it = { $name } verwijderen
ui-deleted = { $name } verwijderd.
ui-device-gone = U kunt er niet meer mee inloggen. Dit kan niet ongedaan worden gemaakt; u kunt het wel opnieuw instellen.
ui-save = Opslaan
ui-cancel = Annuleren
ui-close = Sluiten
ui-create = Maken
ui-sessions = Sessies
ui-sign-out-elsewhere = Overal elders uitloggen
ui-sign-out-elsewhere-text = Alle andere browsers en apparaten waarmee u bent ingelogd, worden uitgelogd, en wat toepassingen daardoor kregen, eindigt. Deze sessie blijft.
ui-sessions-ended = { $count ->
    [one] { $count } sessie beëindigd.
   *[other] { $count } sessies beëindigd.
}
ui-nowhere-else = U was nergens anders ingelogd.
ui-browser-on = { $browser } op { $system }
ui-unknown-browser = Onbekende browser
ui-current-session = Huidige sessie
ui-end = Beëindigen
ui-end-session = Sessie op { $name } beëindigen
ui-end-session-text = Die browser wordt uitgelogd, en wat toepassingen daardoor kregen, eindigt.
ui-no-session = Er is geen sessie.
ui-tokens = Tokens en app-wachtwoorden
ui-create-token = Token maken
ui-create-app-password = App-wachtwoord maken
ui-token = Token
ui-app-password = App-wachtwoord
ui-token-created = Gemaakt. Kopieer het uit de lijst.
ui-no-tokens = Geen. Met een token gebruikt een programma de API voor u; een app-wachtwoord logt in waar geen pagina kan worden getoond.
ui-token-gone = Programma’s die het gebruiken, kunnen niet meer als u inloggen. Dit kan niet ongedaan worden gemaakt.
ui-identifier = Aanduiding
ui-identifier-hint = Een naam waaraan u het herkent.
ui-identifier-wrong = Gebruik alleen letters, cijfers, - en _.
ui-identifier-taken = U hebt er al een met deze naam.
ui-description = Omschrijving
ui-copy = Kopiëren
ui-copy-it = { $name } kopiëren
ui-copied = Gekopieerd
ui-copy-by-hand = Selecteren en kopiëren
ui-consent = Toestemmingen
ui-application = Toepassing
ui-no-details = geen details
ui-withdraw = Intrekken
ui-withdraw-from = Toestemming voor { $app } intrekken
ui-withdraw-text = { $app } vraagt het opnieuw wanneer u haar weer opent.
ui-withdrawn = Uw toestemming voor { $app } is ingetrokken.
ui-no-consent = U hebt geen toepassing toegestaan iets over u te weten.
ui-delete-account = Account verwijderen
ui-delete-account-text = Uw account wordt verwijderd, met al uw sessies, tokens en tweede factoren.
ui-colours = Kleuren
ui-colours-system = Zoals het systeem
ui-colours-light = Licht
ui-colours-dark = Donker
ui-colours-switch = Kleuren: { $now }. Overschakelen naar: { $next }
ui-account-of = { $initials }, account van { $username }
ui-notifications = Meldingen
ui-notifications-unread = Meldingen, { $count } ongelezen
ui-no-notifications = Geen nieuwe meldingen. Wat meldingsregels u laten weten, verschijnt hier.
ui-notice = bericht
ui-warning = waarschuwing
ui-alert = alarm
ui-show-event = Gebeurtenis tonen
ui-mark-seen = Markeren als gelezen
ui-clear-all = Alles wissen
ui-acting = U bent { $original } en handelt als { $username }.
ui-stop-acting = Niet meer als deze persoon handelen
ui-session-ended = Uw sessie is beëindigd
ui-confirm-you = Bevestig dat u het bent
ui-other-person = U bent ingelogd als { $other }, maar deze pagina is van { $name }. Log uit en log in als { $name }, of laad de pagina opnieuw om als { $other } verder te gaan.
ui-prove = Dit verandert hoe iemand inlogt, dus log nog één keer in. Het gebeurt zodra u terug bent.
ui-sign-in-again = Log weer in als { $name } om verder te gaan. Wat u hebt ingevoerd, is er nog en wordt verstuurd zodra u terug bent.
ui-blocked = De browser heeft geen venster geopend. Open deze server in een ander tabblad, log daar in en kom terug.
ui-waiting = Wachten tot u in het andere venster inlogt.
ui-reload-page = Pagina opnieuw laden
ui-sign-out-person = { $name } uitloggen
ui-not-now = Niet nu
ui-not-proved = Er is niets gewijzigd, omdat u niet opnieuw hebt ingelogd.
ui-not-signed-in = U hebt niet opnieuw ingelogd. Wat u hebt ingevoerd, is er nog.
ui-not-found = Niet gevonden
ui-not-loaded = Dit kon niet worden geladen
ui-go-back = Terug
ui-try-again = Opnieuw proberen
ui-dismiss = Sluiten
ui-fields-wrong = Controleer enkele velden nog eens.
ui-error-denied = Dit mag u niet. Vraag een beheerder om toestemming.
ui-error-gone = Dit bestaat niet meer.
ui-error-changed = Iemand anders heeft dit intussen gewijzigd. Laad opnieuw en probeer het nog eens.
ui-error-often = Te veel verzoeken. Wacht even en probeer het opnieuw.
ui-error-busy = De server is bezet of niet gereed. Probeer het zo meteen opnieuw.
ui-error-other = De server antwoordde met een fout ({ $status }). Het logboek zegt waarom.
ui-unreachable = De server is niet bereikbaar. Controleer de verbinding en probeer het opnieuw.
ui-signed-in = U bent ingelogd
ui-signed-in-text = Sluit dit venster en ga verder in het andere. Wat u daar hebt ingevoerd, is er nog.
ui-now = zojuist
ui-soon = zo meteen
