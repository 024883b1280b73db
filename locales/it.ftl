## What every page may say

continue = Continua
cancel = Annulla
or = oppure
yes = Sì
no = No
sign-in = Accedi
sign-out = Esci
log-in = Accedi
try-again = Riprova
switch-account = Cambia account
my-applications = Le mie applicazioni
start-page = Vai alla pagina iniziale
copy = Copia
copied = Copiato
print = Stampa
request-number = Richiesta
run-number = Riferimento
why = Perché? (amministratori)
not-you = Non sei tu?
signed-in-as = Accesso effettuato come { $person }.
ask-for-access = Se ti serve { $app }, rivolgiti a chi gestisce { $brand } e comunica il numero qui sotto.
one-moment = Un momento
press-button = Se non succede nulla, premi il pulsante.
sent-on = Stai per essere reindirizzato.
show = Mostra
hide = Nascondi
show-password = Mostra la password
hide-password = Nascondi la password
caps-lock = Il blocco maiuscole è attivo.
needs-script = Questa pagina richiede JavaScript. L’accesso funziona anche senza.
duration-seconds = { $count ->
    [one] { $count } secondo
    [many] { $count } di secondi
   *[other] { $count } secondi
}
duration-minutes = { $count ->
    [one] { $count } minuto
    [many] { $count } di minuti
   *[other] { $count } minuti
}
duration-hours = { $count ->
    [one] { $count } ora
    [many] { $count } di ore
   *[other] { $count } ore
}
duration-days = { $count ->
    [one] { $count } giorno
    [many] { $count } di giorni
   *[other] { $count } giorni
}

## Sign in

username-label = Nome utente
email-label = E-mail
upn-label = UPN
either = { $one } o { $other }
password-label = Password
enter-password = Inserisci la password
forgot-password = Password dimenticata?
forgot-either = Nome utente o password dimenticati?
remember-me = Ricordami su questo dispositivo
use-security-key = Usa una chiave di sicurezza
continue-with = Continua con { $source }
no-account = Non hai un account?
sign-up = Registrati
to-continue-to = per continuare su { $app }
stay-signed-in = Vuoi restare connesso?
stay-signed-in-hint = Scegli Sì solo su un dispositivo che nessun altro usa.
are-you-a-person = Sei una persona?
person-needs-script = Questa pagina verifica che tu sia una persona e per farlo richiede JavaScript, che in questo browser è disattivato.
person-failed = La verifica non ha funzionato. Ricarica la pagina per riprovare.
person-unreachable = Il servizio che verifica se sei una persona non è raggiungibile.

## Passwords

strength-hint = Meglio lunga che complicata: bastano quattro o cinque parole senza relazione tra loro.
strength-short = Troppo corta.
strength-weak = Debole. Si può indovinare in pochi minuti.
strength-fair = Discreta. Si può indovinare offline in pochi giorni.
strength-strong = Forte. Servirebbero anni per indovinarla offline.
strength-very-strong = Molto forte. Servirebbero secoli per indovinarla offline.

## Second factors and passkeys

confirm-you = Conferma che sei tu
passkey-sign-in = Accedi con una passkey
passkey-asks = Il browser ti chiede la passkey o la chiave di sicurezza.
passkey-use = Usa una passkey
passkey-needs-script = Le passkey richiedono JavaScript, che in questo browser è disattivato.
passkey-unsupported = Questo browser non supporta le passkey, oppure la pagina non è stata aperta tramite HTTPS.
passkey-exists = Hai già una passkey su quel dispositivo. Usa un altro dispositivo o quella che hai.
passkey-address = A questo indirizzo le passkey non funzionano. Apri la pagina con il suo nome, tramite HTTPS.
passkey-not-made = Nessuna passkey creata. Puoi riprovare.
passkey-not-used = Nessuna passkey usata. Puoi riprovare.
passkey-browser-failed = Il browser segnala un errore: { $reason }
passkey-unknown = Questa passkey qui non è conosciuta. Forse è stata rimossa.
passkey-refused = Questa passkey non è stata accettata. Riprova.
passkey-set-up = Configura una passkey
passkey-set-up-hint = Ti fa accedere con l’impronta, il volto, un PIN o una chiave di sicurezza.
passkey-set-up-where = Il browser ti chiede dove salvarla: su questo dispositivo, in un gestore di password, sul telefono o su una chiave di sicurezza. Puoi configurarne più di una.
factor-set-up = Configura un secondo fattore
factor-set-up-hint = Qui una password non basta per accedere. Scegli che cosa vuoi usare.
factor-recovery-code = Codice di recupero
factor-recovery-code-hint = Ognuno funziona una sola volta.
factor-recovery-code-use = Usa un codice di recupero
factor-mail-code = Codice ricevuto per e-mail
factor-mail-code-use = Ricevi un codice per e-mail
factor-message-code = Codice ricevuto per SMS
factor-message-code-use = Ricevi un codice per SMS
factor-duo-code = Codice di Duo Mobile
factor-duo-use = Usa Duo
factor-app-code = Codice dell’app di autenticazione
factor-app-use = Usa l’app di autenticazione
factor-sent-to = L’abbiamo inviato a { $to }.
factor-code-wrong = Questo codice è errato o è già stato usato.
factor-app-code-wrong = Questo codice è errato o è già stato usato. Aspetta il prossimo.
factor-duo-refused = Duo non ha accettato questo codice.
factor-ask-phone = Chiedi sul mio telefono
code-sent-to = Abbiamo inviato un codice a { $to }.
send-code = Invia un codice
send-another-code = Invia un altro codice
use-another-address = Usa un altro indirizzo
use-another-number = Usa un altro numero
mail-codes-set-up = Configura i codici per e-mail
mail-codes-set-up-hint = D’ora in poi, per accedere servirà anche un codice inviato al tuo indirizzo.
mail-codes-address = Indirizzo e-mail
text-codes-set-up = Configura i codici per SMS
text-codes-set-up-hint = Inviamo un codice al telefono per verificare che il numero sia tuo.
text-codes-number = Numero di telefono
text-codes-number-hint = Con il prefisso internazionale, ad esempio +49 30 123456.
app-set-up = Configura un’app di autenticazione
app-set-up-hint = D’ora in poi, per accedere servirà anche un codice dal tuo telefono.
app-scan = Scansiona questo con un’app di autenticazione, ad esempio Google Authenticator, Aegis o 1Password.
app-qr = Codice QR per l’app di autenticazione
app-no-scan = Non riesci a scansionarlo?
app-type-key = Inserisci questa chiave nell’app, oppure
app-open = apri un’app su questo dispositivo
app-code = Codice dell’app
app-code-hint = L’app ne mostra uno nuovo ogni 30 secondi.
duo-set-up = Configura Duo
duo-set-up-hint = D’ora in poi, per accedere servirà anche una conferma sul tuo telefono.
duo-scan = Scansiona questo con l’app Duo Mobile, poi continua.
duo-qr = Codice QR per Duo Mobile
duo-open = Apri Duo Mobile su questo dispositivo
duo-waits = Duo non conosce ancora il tuo telefono. Scansiona prima il codice con Duo Mobile.
recovery-codes-keep = Conserva i codici di recupero
recovery-codes-keep-hint = Ognuno ti fa accedere una volta quando non hai a portata di mano l’altro secondo fattore.
recovery-codes-print = Stampa questi codici o salvali in un gestore di password. Non verranno più mostrati.
recovery-codes-saved = Li ho salvati

## Consent

consent-wants = vuole sapere chi sei
consent-new = { $what } (novità)
consent-nothing = Viene inviato solo un numero che ti rappresenta.
consent-back-to = Tornerai a { $target }.
consent-withdraw = Puoi revocarlo in Impostazioni, Consensi.
consent-name = Il tuo nome e il nome utente
consent-email = Il tuo indirizzo e-mail
consent-groups = I tuoi gruppi
consent-away = Accesso mentre non ci sei
consent-away-hint = Senza chiedertelo di nuovo, finché non lo revochi

## Recovery and links

check-mail = Controlla la posta
check-mail-confirm = Abbiamo inviato un link all’indirizzo inserito. Aprilo per confermare che l’indirizzo è tuo.
check-mail-recovery = Se esiste un account con questi dati, un’e-mail con un link è in arrivo.
check-mail-note = Il link funziona una volta, per { $duration }. Puoi aprirlo in un altro browser.
check-mail-again = L’e-mail viene inviata di nuovo. Guarda anche nella posta indesiderata.
send-it-again = Invia di nuovo
link-signs-in = Questo link ti fa accedere, una sola volta.
link-works-once = Questo link funziona una sola volta. Continua quando vuoi.
link-expired = Questo link non è più valido
link-expired-why = È già stato usato, è scaduto o non è per l’account con cui hai effettuato l’accesso. Richiedine uno nuovo.

## The own account

delete-account = Vuoi eliminare il tuo account?
delete-account-warning = Il tuo account verrà eliminato, con le sessioni, i token e i secondi fattori. L’operazione è irreversibile.
delete-account-do = Elimina il mio account
asked-to-sign-out = Ti viene chiesto di uscire qui.
language-of-browser = Automatica (lingua del browser)

## Sign out

sign-out-question = Vuoi uscire?
logged-out = Sei uscito
logged-out-of = Sei uscito da { $app }
still-signed-in = Sei ancora connesso a { $brand }.
log-out-of = Esci da { $brand }
log-back-into = Accedi di nuovo a { $app }
back-to-overview = Torna alla pagina iniziale
signed-out = Uscita effettuata
signed-out-text = Sei uscito.
signed-out-unregistered = Sei uscito. La richiesta doveva portarti a un indirizzo che l’applicazione non ha registrato.
sign-out-asked-by = { $app } chiede di farti uscire anche qui.
sign-out-all-the-same = Puoi comunque uscire qui.
sign-out-here = Esci comunque qui
sign-out-not-understood = Richiesta di uscita non comprensibile
go-to = Vai a { $app }
go-on-to = Prosegui verso { $app }
redirecting = Reindirizzamento…
redirecting-to-dots = Reindirizzamento a { $app }…
signing-out = Uscita in corso
signing-out-text = Le tue applicazioni vengono disconnesse.
signed-out-everywhere = Sei uscito qui e dalle tue applicazioni.
signed-out-here = Uscito qui
signed-out-not-all = Non è stato possibile uscire da tutte le applicazioni.
sign-out-asked = Il tuo browser le ha chiesto di farti uscire
sign-out-open = Forse lì hai ancora l’accesso aperto.
sign-out-trying = Non ancora raggiunta. Il server riprova per qualche minuto.
sign-out-failed = Non raggiunta. Forse lì hai ancora l’accesso aperto.
open-it = Apri

## Refusals

open-denied = Non puoi aprire { $app }
sign-in-denied = Non puoi accedere
go-on-denied = Non puoi proseguire qui
denied-generic = Il tuo account è a posto; questa applicazione non gli è aperta.
denied-group = Il tuo account è a posto; questa applicazione è per il gruppo { $groups }.
denied-groups = Il tuo account è a posto; questa applicazione è per i gruppi { $groups }.
denied-rule = Questa regola ({ $rule }) non è soddisfatta.
denied-account = Questo passaggio non è per l’account con cui hai effettuato l’accesso.
denied-nobody = Questo passaggio al momento non ti è aperto.
denied-passwords = Troppe password errate. Ricomincia o richiedine una nuova.
set-up-finished = La configurazione è terminata
set-up-finished-why = C’è già un amministratore; questa pagina resta chiusa.
welcome-to = Ti diamo il benvenuto in { $brand }
set-up-hint = Crea il primo amministratore. Poi questa pagina si chiude per sempre.
set-up-username = Il tuo nome utente è akadmin. Potrai cambiarlo in seguito.
insiders-only = Questa interfaccia è solo per utenti interni.
insiders-only-why = Il tuo account è a posto. Apri l’applicazione che vuoi usare dal suo indirizzo.
administrators-only = Questa parte è per gli amministratori
administrators-only-why = Il tuo account è a posto; solo che qui non ha nulla da fare.
no-address = Questa applicazione non ha un indirizzo da aprire. Un amministratore può assegnarle un URL di avvio.
denied-permission = Accesso negato
denied-request = La richiesta è stata respinta.
denied-no-application = Applicazione non trovata: questo provider non è ancora assegnato a nessuna.
denied-changed = Nel frattempo l’applicazione è stata modificata.
denied-saml-set-up = L’accesso a questa applicazione non è configurato correttamente.
denied-rule-failed = Una regola che decide su questo passaggio non ha funzionato o è stata eliminata. Chiedi a un amministratore di controllare.
denied-flow-changed = Un amministratore ha modificato questa procedura mentre eri al suo interno.
denied-server-updated = Nel frattempo il server è stato aggiornato.
denied-stage-deleted = Nel frattempo questo passaggio è stato eliminato.
denied-question-deleted = Una domanda di questa pagina è stata eliminata.
denied-account-gone = Questo account non esiste più.
denied-acting = Stai agendo come un’altra persona. Solo lei può configurare il proprio secondo fattore.
denied-acting-delete = Stai agendo come un’altra persona. Solo lei può eliminare il proprio account.
denied-sign-in-first = Accedi prima di configurare un secondo fattore.
denied-sign-in-first-delete = Accedi prima di eliminare il tuo account.
denied-other-account = Questo link è per un altro account.
denied-mail = L’e-mail non può essere inviata. Chiedi a un amministratore di controllare.
denied-no-factor = Nessun secondo fattore (consentito) configurato.
denied-invitation = Invito non valido o non trovato
denied-invitation-signed-in = Hai già un account. Esci per usare un invito.
denied-set-up-done = La configurazione è già terminata. Accedi con l’account creato.
denied-update = Impossibile salvare l’account. Riprova più tardi.

## Signing in by a source

source-refused = Non puoi accedere con { $source }
source-some = questa fonte
source-unknown = Questa fonte non esiste o è disattivata.
source-acting = Stai agendo come un’altra persona. Solo lei può collegare una propria identità.
source-connect = Collegare { $source }?
source-connect-text = Da allora chi accede a { $source } come te entrerà qui come { $user }.
source-connect-action = Collega
source-over = È durato troppo, è già stato fatto o è iniziato in un altro browser. Ricomincia.
source-gone = Questa fonte è stata disattivata o eliminata durante l’accesso.
source-unnamed = La fonte non ha detto chi sei.
source-rules = Le regole di questa fonte non ti lasciano entrare.
source-unreadable = Una regola di questo server non ha potuto leggere ciò che la fonte ha detto di te. Chiedi a un amministratore di controllare.
source-no-enrollment = Questa fonte non crea account.
source-no-flow = Il flusso configurato non esiste.
source-connected-elsewhere = Questa identità è collegata a un altro account, o il tuo account a un’altra identità di { $source }.
source-somebody-else = Qui hai effettuato l’accesso con un account non collegato a questa identità. Esci prima, o collegala nelle impostazioni.
source-denied = L’accesso con { $source } è stato negato. Accedi come quando ti sei registrato.
source-elsewhere = Questa identità è collegata a un altro account, o nel frattempo è stata scollegata.
source-groups = Impossibile aggiornare i gruppi. Riprova più tardi.
source-not-waiting = Ciò che stavi facendo è finito nel frattempo o riguarda un altro account. Ricomincia.
source-no-account = Nessun account trovato per questa identità.
source-missing = La fonte non esiste
certificate-missing = È richiesto un certificato e non ne è stato presentato nessuno.
certificate-of-nobody = Nessun account corrisponde a questo certificato.
source-wrong = Questa fonte non è configurata correttamente. Un amministratore trova il motivo negli eventi.

## Connecting a device

device-title = Collega un dispositivo
device-text = Digita il codice mostrato dal dispositivo.
device-code = Codice sul dispositivo
device-code-help = Nove cifre, con o senza spazi.
device-unknown = Nessun dispositivo è in attesa con questo codice. Guarda il dispositivo: forse ora ne mostra uno nuovo.
device-sign-in = Accedere a { $app } su un dispositivo?
device-shows = Un dispositivo davanti a te mostra questo codice?
device-warning = Chi ha quel dispositivo accederà a { $app } con il tuo account. Se qualcuno ti ha mandato questo codice o un link a questa pagina, rifiuta.
device-deny = Rifiuta
device-allow = Consenti
device-gone = Questo codice è scaduto o ha già avuto risposta. Ricomincia sul dispositivo: ne mostrerà uno nuovo.
device-acting = Stai agendo come un’altra persona. Solo lei può collegare un dispositivo.
device-connected = Il dispositivo è collegato
device-connected-text = Sta accedendo a { $app }. Torna al dispositivo; puoi chiudere questa pagina.
device-refused = Il dispositivo è stato rifiutato
device-refused-text = Non riceve nulla da { $app }. Puoi chiudere questa pagina.
device-none = Qui non si accettano codici di dispositivi. Un amministratore può scegliere un flusso per i codici nelle impostazioni del marchio.

## Pages about errors

not-found = Pagina non trovata
not-found-text = A questo indirizzo non c’è nulla.
no-flow = A questo indirizzo non c’è alcuna procedura.
too-much = È troppo
too-much-text = Torna indietro e inserisci meno dati, o file più piccoli.
busy = Troppi accessi contemporaneamente
busy-text = Aspetta qualche secondo e riprova.
unavailable = Al momento non disponibile
unavailable-text = Il server non riesce a raggiungere il suo database. Aspetta qualche secondo e riprova.
broken = Qui qualcosa è andato storto
broken-text = Non è colpa tua. Riprova tra un momento.
address-received = Indirizzo ricevuto
request-error = Errore nella richiesta
client-id-error = Errore nel Client ID
redirect-error = Errore nell’URI di reindirizzamento
not-found-short = Non trovato
not-set-up = Non configurato
begin-again = Ricomincia
begin-again-text = L’accesso a { $app } ha richiesto troppo tempo o era già terminato. Apri di nuovo l’applicazione.
no-such-page = La pagina richiesta non esiste.
client-unknown = Questo server non conosce l’applicazione che ti ha mandato qui. Chi la gestisce deve confrontare il suo Client ID con quello nella pagina del provider.
redirect-missing = L’applicazione non ha detto dove tornare. Chi la gestisce deve impostare l’indirizzo di ritorno (redirect_uri).
redirect-unregistered = L’applicazione ha chiesto di tornare a un indirizzo che non ha registrato. Chi la gestisce deve aggiungerlo, identico, ai Redirect URIs del provider.
no-saml-application = Qui non c’è alcuna applicazione che acceda con SAML. L’indirizzo è giusto?
saml-refused = { $name } ha inviato un messaggio che qui non è accettato. Ricomincia; se questa pagina ricompare, manda quanto segue a chi gestisce { $name }.
saml-rule = Regola
saml-wrong = Che cosa non va

## What was wrong with an answer

error-name-and-password = Nome e password non corrispondono. Riprova.
error-uid-empty = Inserisci il nome utente o l’indirizzo e-mail.
error-password-empty = Inserisci la password.
error-code-empty = Inserisci il codice.
error-not-right = Questo non è corretto.
error-not-accepted = Queste risposte non sono accettate.
error-password = Password errata
error-failed = Accesso non riuscito.
error-page-too-old = Questa pagina è rimasta aperta troppo a lungo, o i cookie sono bloccati. Riprova.
error-wait = { $seconds ->
    [one] Troppi tentativi. Riprova tra { $seconds } secondo.
    [many] Troppi tentativi. Riprova tra { $seconds } di secondi.
   *[other] Troppi tentativi. Riprova tra { $seconds } secondi.
}
error-wait-one = Troppi tentativi. Riprova tra 1 secondo.
error-code = Il codice non corrisponde
error-code-limit = Al momento non si possono inviare altri codici. Riprova tra un’ora.
error-code-unsent = Il codice non può essere inviato. Chiedi a un amministratore di controllare.
error-message-unsent = L’SMS non può essere inviato. Chiedi a un amministratore di controllare.
error-message-refused = Il fornitore di SMS ha rifiutato l’invio.
error-message-number = Non si può inviare alcun SMS a questo numero. Controllalo.
error-number = Inserisci un numero di telefono valido con il prefisso internazionale: +49 30 123456.
error-mail-limit = È già stata inviata tutte le volte possibili. Ricomincia più tardi.
error-required = Questo campo è obbligatorio.
error-blank = Questo campo non può essere vuoto.
error-too-long = { $count ->
    [one] Al massimo { $count } carattere.
    [many] Al massimo { $count } di caratteri.
   *[other] Al massimo { $count } caratteri.
}
error-integer = Inserisci un numero intero.
error-email = Inserisci un indirizzo e-mail valido.
error-date = Inserisci la data così: AAAA-MM-GG.
error-time = Inserisci data e ora così: AAAA-MM-GGThh:mm.
error-file-too-large = Il file è troppo grande: al massimo 100 KB.
error-passwords-differ = Le password non coincidono.
error-username-taken = Questo nome utente è già in uso.
error-factor-code = Codice non valido. Controlla l’ora del dispositivo e riprova.
error-device = Dispositivo non valido
error-device-refused = Verifica non riuscita
error-device-type = Questo tipo di dispositivo non è consentito. Rivolgiti agli amministratori di { $brand }.
error-duo-denied = Duo ha negato l’accesso
error-duo-waiting = Nessuno ha ancora risposto sul telefono.
error-duo-unavailable = Al momento Duo non può essere configurato. Chiedi a un amministratore di controllare.
error-duo-silent = Duo non ha risposto. Riprova.
error-duo-exists = Questo dispositivo è già configurato.
error-captcha-token = Verifica non riuscita
error-captcha = Risposta al captcha non valida
error-captcha-retry = Risposta al captcha non valida. Riprova.
error-password-rules = La password non rispetta le regole.
error-password-weak = La password è troppo debole.
error-password-leaked = { $count ->
    [one] La password è presente in { $count } elenco pubblico.
    [many] La password è presente in { $count } di elenchi pubblici.
   *[other] La password è presente in { $count } elenchi pubblici.
}
error-password-expired = La password è scaduta.
error-password-short = La password deve avere almeno 8 caratteri.
error-change-username = Non puoi cambiare il nome utente.
error-change-name = Non puoi cambiare il nome.
error-change-email = Non puoi cambiare l’indirizzo e-mail.

## Shipped texts of stored objects

shipped-choose-username = Ti diamo il benvenuto in { $brand }! Scegli un nome utente.
shipped-change-password = Cambia password
shipped-redirecting = Reindirizzamento a { $app }
shipped-update-info = Aggiorna i tuoi dati
shipped-logged-out = Sei uscito da { $app }.
shipped-invalidation = Esci
shipped-reset-password = Reimposta la password
shipped-delete-account = Elimina il tuo account
shipped-name = Nome
shipped-locale = Lingua
shipped-password-repeat = Password (di nuovo)
shipped-admin-email = E-mail dell’amministratore
shipped-scope-email = Indirizzo e-mail
shipped-scope-profile = Dati generali del profilo
shipped-scope-entitlements = Autorizzazioni nell’applicazione
shipped-scope-offline = Richiedere nuovi token senza il tuo intervento
shipped-scope-api = Accesso all’API per tuo conto
shipped-scope-groups = Appartenenza ai gruppi
shipped-scope-github-user = Compatibilità con GitHub: accesso ai tuoi dati utente
shipped-scope-github-email = Compatibilità con GitHub: accesso ai tuoi indirizzi e-mail
shipped-scope-github-groups = Compatibilità con GitHub: accesso ai tuoi gruppi

## Help

help = Aiuto
help-your-settings = Le tue impostazioni
help-password = Non ricordo più la password
help-password-answer = Scegli «Password dimenticata?» nella pagina di accesso. Se non c’è, un amministratore può inviarti un link.
help-lost = Ho perso il telefono o la chiave di sicurezza
help-lost-answer = Accedi con uno dei codici di recupero. Se non ne hai, chiedi a un amministratore di rimuovere dal tuo account il dispositivo perso.
help-attempts = Dice che ci sono stati troppi tentativi
help-attempts-answer = Aspetta il tempo indicato. In un browser con cui hai già effettuato l’accesso, gli altri non possono farti aspettare.
help-refused = Un’applicazione non mi fa entrare
help-refused-answer = La pagina dice perché. Comunica il numero in fondo alla pagina a un amministratore, che può vedere come è stato deciso.
help-data = Voglio vedere o cambiare ciò che è memorizzato su di me
help-data-answer = Apri le impostazioni: lì trovi i tuoi dati, i dispositivi, le sessioni e i consensi.

## Mails

mail-hello = Ciao { $name },
mail-sent-by = Inviato da { $product }.
mail-link-once = Il link funziona una volta, per { $duration }.
mail-confirm-subject = Conferma il tuo indirizzo
mail-confirm-welcome = Ciao!
mail-confirm-text = Conferma che questo indirizzo è tuo e il tuo account sarà pronto:
mail-confirm-do = Conferma l’indirizzo
mail-confirm-otherwise = Se non hai richiesto un account, non fare nulla.
mail-reset-subject = Scegli una nuova password
mail-reset-text = qualcuno ha richiesto una nuova password per il tuo account { $username }. Se sei stato tu, sceglila qui:
mail-reset-otherwise = Se non sei stato tu, non fare nulla: la password resta com’è.
mail-code-subject = Il tuo codice di accesso
mail-code-text = ecco il tuo codice:
mail-code-once = Funziona una volta, per { $duration }.
mail-code-otherwise = Non darlo a nessuno. Se non l’hai richiesto, qualcun altro conosce la tua password: cambiala.
mail-factor-added-subject = Un secondo fattore è stato aggiunto al tuo account
mail-factor-removed-subject = Un secondo fattore è stato rimosso dal tuo account
mail-factor-added = un secondo fattore è stato aggiunto al tuo account { $username }:
mail-factor-removed = un secondo fattore è stato rimosso dal tuo account { $username }:
mail-factor-by = L’ha fatto { $by }.
mail-factor-by-from = L’ha fatto { $by }, da { $address }.
mail-factor-from = È stato fatto da { $address }.
mail-factor-otherwise = Se sei stato tu o lo sapevi, non devi fare nulla. Altrimenti cambia la password e controlla i tuoi secondi fattori, o chiedi all’amministratore di bloccare l’account.
mail-notification = Notifica di { $product }: { $what }
mail-severity = Gravità
mail-for = Per
mail-by = Da
mail-about = Riguarda
mail-notice = Avviso
mail-warning = Avvertimento
mail-alert = Allarme
mail-sent-over = Inviato da { $product } tramite { $transport }.
class-static = codici di recupero
class-totp = app di autenticazione
class-webauthn = passkey o chiave di sicurezza
class-duo = Duo
class-sms = codici per SMS
class-email = codici per e-mail

## The library and the person's settings

ui-my-applications = Le mie applicazioni
ui-settings = Impostazioni
ui-admin-interface = Amministrazione
ui-sign-out = Esci
ui-sign-in = Accedi
ui-main = Menu principale
ui-loading = Caricamento
ui-reload = Ricarica
ui-find = Cerca un’applicazione
ui-no-apps = Ancora nessuna applicazione
ui-no-apps-admin = Crea la prima; apparirà qui per tutti quelli che possono aprirla.
ui-no-apps-user = Non ti è ancora stato aperto nulla. Chiedi al tuo amministratore.
ui-create-app = Crea un’applicazione
ui-applications = Applicazioni
ui-no-address = Non ha un indirizzo da aprire
ui-edit = Modifica
ui-edit-it = Modifica { $name }
ui-nothing-matches = Nessun risultato per «{ $text }»
ui-requests = Alcune applicazioni chiedono di accedere
ui-request = { $application } chiede di accedere
ui-request-answer = Rispondi
ui-details = I tuoi dati
ui-username = Nome utente
ui-name = Nome
ui-email = E-mail
ui-groups = Gruppi
ui-none = Nessuno
ui-ways = Modi per accedere
ui-password = Password
ui-password-hint = Cambiala se qualcun altro potrebbe conoscerla.
ui-change-password = Cambia password
ui-mfa = Secondi fattori
ui-enroll = Configura
ui-mfa-empty = Ancora nessuno. Con un secondo fattore, una password rubata non basta per accedere al posto tuo.
ui-sources = Account collegati
ui-sources-text = Account altrove con cui puoi accedere qui.
ui-connect = Collega
ui-connected = Collegato
ui-disconnect = Scollega
ui-disconnect-from = Scollega { $source }
ui-disconnect-text = Non potrai più accedere con { $source } finché non lo colleghi di nuovo.
ui-disconnected = { $source } è scollegato.
ui-not-set-up = Non configurato
ui-set-up-when = configurato { $when }
ui-used-when = usato { $when }
ui-never-used = mai usato
ui-ends-when = scade { $when }
ui-endless = non scade
ui-rename = Rinomina
ui-rename-it = Rinomina { $name }
ui-name-hint = Per distinguerli l’uno dall’altro.
ui-delete = Elimina
ui-delete-it = Elimina { $name }
ui-deleted = { $name } eliminato.
ui-device-gone = Non potrai più accedere con questo. L’operazione è irreversibile; potrai configurarlo di nuovo.
ui-save = Salva
ui-cancel = Annulla
ui-close = Chiudi
ui-create = Crea
ui-sessions = Sessioni
ui-sign-out-elsewhere = Esci da tutte le altre sessioni
ui-sign-out-elsewhere-text = Uscirai da tutti gli altri browser e dispositivi, e ciò che le applicazioni hanno ottenuto tramite essi termina. Questa sessione resta aperta.
ui-sessions-ended = { $count ->
    [one] { $count } sessione terminata.
    [many] { $count } di sessioni terminate.
   *[other] { $count } sessioni terminate.
}
ui-nowhere-else = Non avevi altre sessioni aperte.
ui-browser-on = { $browser } su { $system }
ui-unknown-browser = Browser sconosciuto
ui-current-session = Sessione attuale
ui-end = Termina
ui-end-session = Termina la sessione su { $name }
ui-end-session-text = Quel browser verrà disconnesso, e ciò che le applicazioni hanno ottenuto tramite esso termina.
ui-no-session = Nessuna sessione.
ui-tokens = Token e password per app
ui-create-token = Crea token
ui-create-app-password = Crea password per app
ui-token = Token
ui-app-password = Password per app
ui-token-created = Creato. Copialo dall’elenco.
ui-no-tokens = Nessuno. Con un token un programma usa l’API per te; una password per app permette l’accesso dove non si può mostrare una pagina.
ui-token-gone = I programmi che lo usano non potranno più accedere come te. L’operazione è irreversibile.
ui-identifier = Identificativo
ui-identifier-hint = Un nome per ritrovarlo.
ui-identifier-wrong = Usa solo lettere, cifre, - e _.
ui-identifier-taken = Ne hai già uno con questo nome.
ui-description = Descrizione
ui-copy = Copia
ui-copy-it = Copia { $name }
ui-copied = Copiato
ui-copy-by-hand = Seleziona e copia
ui-consent = Consensi
ui-application = Applicazione
ui-no-details = nessun dettaglio
ui-withdraw = Revoca
ui-withdraw-from = Revoca il consenso a { $app }
ui-withdraw-text = { $app } te lo chiederà di nuovo alla prossima apertura.
ui-withdrawn = Il consenso a { $app } è stato revocato.
ui-no-consent = Non hai permesso a nessuna applicazione di sapere qualcosa su di te.
ui-delete-account = Elimina account
ui-delete-account-text = Il tuo account verrà eliminato, con le sessioni, i token e i secondi fattori.
ui-colours = Colori
ui-colours-system = Come il sistema
ui-colours-light = Chiaro
ui-colours-dark = Scuro
ui-colours-switch = Colori: { $now }. Passa a: { $next }
ui-account-of = { $initials }, account di { $username }
ui-notifications = Notifiche
ui-notifications-unread = Notifiche, { $count } non lette
ui-no-notifications = Nessuna nuova notifica. Qui appare ciò che le regole di notifica ti segnalano.
ui-notice = avviso
ui-warning = attenzione
ui-alert = allarme
ui-show-event = Mostra evento
ui-mark-seen = Segna come letta
ui-clear-all = Cancella tutto
ui-acting = Sei { $original } e agisci come { $username }.
ui-stop-acting = Smetti di agire come questa persona
ui-session-ended = La sessione è terminata
ui-confirm-you = Conferma che sei tu
ui-other-person = Hai effettuato l’accesso come { $other }, ma questa pagina è di { $name }. Esci e accedi come { $name }, o ricarica la pagina per continuare come { $other }.
ui-prove = Questo cambia il modo in cui qualcuno accede, quindi accedi ancora una volta. Verrà fatto appena torni.
ui-sign-in-again = Accedi di nuovo come { $name } per continuare. Ciò che hai inserito è ancora qui e verrà inviato appena torni.
ui-blocked = Il browser non ha aperto una finestra. Apri questo server in un’altra scheda, accedi e torna qui.
ui-waiting = In attesa che tu acceda nell’altra finestra.
ui-reload-page = Ricarica la pagina
ui-sign-out-person = Fai uscire { $name }
ui-not-now = Non ora
ui-not-proved = Non è cambiato nulla, perché non hai effettuato di nuovo l’accesso.
ui-not-signed-in = Non hai effettuato di nuovo l’accesso. Ciò che hai inserito è ancora qui.
ui-not-found = Non trovato
ui-not-loaded = Caricamento non riuscito
ui-go-back = Indietro
ui-try-again = Riprova
ui-dismiss = Chiudi
ui-fields-wrong = Alcuni campi sono da rivedere.
ui-error-denied = Non puoi farlo. Chiedi l’autorizzazione a un amministratore.
ui-error-gone = Non esiste più.
ui-error-changed = Nel frattempo qualcun altro l’ha modificato. Ricarica e riprova.
ui-error-often = Troppe richieste. Aspetta un momento e riprova.
ui-error-busy = Il server è occupato o non è pronto. Riprova tra un momento.
ui-error-other = Il server ha risposto con un errore ({ $status }). Il suo registro dice perché.
ui-unreachable = Il server non è raggiungibile. Controlla la connessione e riprova.
ui-signed-in = Hai effettuato l’accesso
ui-signed-in-text = Chiudi questa finestra e continua nell’altra. Ciò che hai inserito è ancora lì.
ui-now = proprio ora
ui-soon = tra un momento
