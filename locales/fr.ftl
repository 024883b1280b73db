## What every page may say

continue = Continuer
cancel = Annuler
or = ou
yes = Oui
no = Non
sign-in = Se connecter
sign-out = Se déconnecter
log-in = Se connecter
try-again = Réessayer
switch-account = Changer de compte
my-applications = Mes applications
start-page = Aller à la page d’accueil
copy = Copier
copied = Copié
print = Imprimer
request-number = Requête
run-number = Numéro de suivi
why = Pourquoi ? (administrateurs)
not-you = Ce n’est pas vous ?
signed-in-as = Connecté en tant que { $person }.
ask-for-access = Si vous avez besoin de { $app }, contactez les responsables de { $brand } et donnez-leur le numéro ci-dessous.
one-moment = Un instant
press-button = S’il ne se passe rien, appuyez sur le bouton.
sent-on = Vous allez être redirigé.
show = Afficher
hide = Masquer
show-password = Afficher le mot de passe
hide-password = Masquer le mot de passe
caps-lock = La touche Verr. maj. est activée.
needs-script = Cette page nécessite JavaScript. La connexion fonctionne sans.
duration-seconds = { $count ->
    [one] { $count } seconde
    [many] { $count } de secondes
   *[other] { $count } secondes
}
duration-minutes = { $count ->
    [one] { $count } minute
    [many] { $count } de minutes
   *[other] { $count } minutes
}
duration-hours = { $count ->
    [one] { $count } heure
    [many] { $count } d’heures
   *[other] { $count } heures
}
duration-days = { $count ->
    [one] { $count } jour
    [many] { $count } de jours
   *[other] { $count } jours
}

## Sign in

username-label = Nom d’utilisateur
email-label = E-mail
upn-label = UPN
either = { $one } ou { $other }
password-label = Mot de passe
enter-password = Saisissez votre mot de passe
forgot-password = Mot de passe oublié ?
forgot-either = Nom d’utilisateur ou mot de passe oublié ?
remember-me = Se souvenir de moi sur cet appareil
use-security-key = Utiliser une clé de sécurité
continue-with = Continuer avec { $source }
no-account = Pas encore de compte ?
sign-up = S’inscrire
to-continue-to = pour accéder à { $app }
stay-signed-in = Rester connecté ?
stay-signed-in-hint = Choisissez Oui seulement sur un appareil que personne d’autre n’utilise.
are-you-a-person = Êtes-vous humain ?
person-needs-script = Cette page vérifie que vous êtes humain, ce qui nécessite JavaScript. Il est désactivé dans ce navigateur.
person-failed = La vérification n’a pas fonctionné. Rechargez la page pour réessayer.
person-unreachable = Le service qui vérifie que vous êtes humain est injoignable.

## Passwords

strength-hint = Mieux vaut long que compliqué : quatre ou cinq mots sans rapport suffisent.
strength-short = Trop court.
strength-weak = Faible. Peut être deviné en quelques minutes.
strength-fair = Moyen. Peut être deviné hors ligne en quelques jours.
strength-strong = Fort. Il faudrait des années pour le deviner hors ligne.
strength-very-strong = Très fort. Il faudrait des siècles pour le deviner hors ligne.

## Second factors and passkeys

confirm-you = Confirmez que c’est bien vous
passkey-sign-in = Se connecter avec une clé d’accès
passkey-asks = Votre navigateur demande votre clé d’accès ou votre clé de sécurité.
passkey-use = Utiliser une clé d’accès
passkey-needs-script = Les clés d’accès nécessitent JavaScript, désactivé dans ce navigateur.
passkey-unsupported = Ce navigateur ne gère pas les clés d’accès, ou la page n’a pas été ouverte en HTTPS.
passkey-exists = Vous avez déjà une clé d’accès sur cet appareil. Utilisez un autre appareil, ou celle que vous avez.
passkey-address = Les clés d’accès ne fonctionnent pas à cette adresse. Ouvrez la page par son nom, en HTTPS.
passkey-not-made = Aucune clé d’accès n’a été créée. Vous pouvez réessayer.
passkey-not-used = Aucune clé d’accès n’a été utilisée. Vous pouvez réessayer.
passkey-browser-failed = Votre navigateur signale une erreur : { $reason }
passkey-unknown = Cette clé d’accès est inconnue ici. Elle a peut-être été supprimée.
passkey-refused = Cette clé d’accès n’a pas été acceptée. Réessayez.
passkey-set-up = Configurer une clé d’accès
passkey-set-up-hint = Elle vous connecte avec votre empreinte, votre visage, un code PIN ou une clé de sécurité.
passkey-set-up-where = Votre navigateur demande où l’enregistrer : sur cet appareil, dans un gestionnaire de mots de passe, sur votre téléphone ou sur une clé de sécurité. Vous pouvez en configurer plusieurs.
factor-set-up = Configurer un second facteur
factor-set-up-hint = Ici, un mot de passe ne suffit pas pour se connecter. Choisissez ce que vous voulez utiliser.
factor-recovery-code = Code de secours
factor-recovery-code-hint = Chaque code ne fonctionne qu’une fois.
factor-recovery-code-use = Utiliser un code de secours
factor-mail-code = Code reçu par e-mail
factor-mail-code-use = Recevoir un code par e-mail
factor-message-code = Code reçu par SMS
factor-message-code-use = Recevoir un code par SMS
factor-duo-code = Code de Duo Mobile
factor-duo-use = Utiliser Duo
factor-app-code = Code de votre application d’authentification
factor-app-use = Utiliser l’application d’authentification
factor-sent-to = Nous l’avons envoyé à { $to }.
factor-code-wrong = Ce code est incorrect ou a déjà été utilisé.
factor-app-code-wrong = Ce code est incorrect ou a déjà été utilisé. Attendez le suivant.
factor-duo-refused = Duo n’a pas accepté ce code.
factor-ask-phone = Demander sur mon téléphone
code-sent-to = Nous avons envoyé un code à { $to }.
send-code = Envoyer un code
send-another-code = Envoyer un autre code
use-another-address = Utiliser une autre adresse
use-another-number = Utiliser un autre numéro
mail-codes-set-up = Configurer les codes par e-mail
mail-codes-set-up-hint = Désormais, la connexion demandera aussi un code envoyé à votre adresse.
mail-codes-address = Adresse e-mail
text-codes-set-up = Configurer les codes par SMS
text-codes-set-up-hint = Un code est envoyé à votre téléphone pour vérifier que le numéro est le vôtre.
text-codes-number = Numéro de téléphone
text-codes-number-hint = Avec l’indicatif du pays, par exemple +49 30 123456.
app-set-up = Configurer une application d’authentification
app-set-up-hint = Désormais, la connexion demandera aussi un code de votre téléphone.
app-scan = Scannez ceci avec une application d’authentification, par exemple Google Authenticator, Aegis ou 1Password.
app-qr = QR code pour votre application d’authentification
app-no-scan = Impossible de scanner ?
app-type-key = Saisissez cette clé dans l’application, ou
app-open = ouvrez une application sur cet appareil
app-code = Code de l’application
app-code-hint = L’application en affiche un nouveau toutes les 30 secondes.
duo-set-up = Configurer Duo
duo-set-up-hint = Désormais, la connexion demandera aussi une confirmation sur votre téléphone.
duo-scan = Scannez ceci avec l’application Duo Mobile, puis continuez.
duo-qr = QR code pour Duo Mobile
duo-open = Ouvrir Duo Mobile sur cet appareil
duo-waits = Duo ne connaît pas encore votre téléphone. Scannez d’abord le code avec Duo Mobile.
recovery-codes-keep = Conservez vos codes de secours
recovery-codes-keep-hint = Chacun vous connecte une fois lorsque vous n’avez pas votre autre second facteur sous la main.
recovery-codes-print = Imprimez ces codes ou enregistrez-les dans un gestionnaire de mots de passe. Ils ne seront plus affichés.
recovery-codes-saved = Je les ai enregistrés

## Consent

consent-wants = veut savoir qui vous êtes
consent-new = { $what } (nouveau)
consent-nothing = Seul un numéro qui vous représente est transmis.
consent-back-to = Vous retournez à { $target }.
consent-withdraw = Vous pouvez retirer cet accord dans Paramètres, Consentements.
consent-name = Votre nom et votre nom d’utilisateur
consent-email = Votre adresse e-mail
consent-groups = Vos groupes
consent-away = Accès en votre absence
consent-away-hint = Sans vous redemander, jusqu’à ce que vous retiriez cet accord

## Recovery and links

check-mail = Consultez votre messagerie
check-mail-confirm = Nous avons envoyé un lien à l’adresse saisie. Ouvrez-le pour confirmer que l’adresse est la vôtre.
check-mail-recovery = Si un compte correspond à votre saisie, un e-mail contenant un lien est en route.
check-mail-note = Le lien fonctionne une fois, pendant { $duration }. Vous pouvez l’ouvrir dans un autre navigateur.
check-mail-again = L’e-mail est envoyé de nouveau. Regardez aussi dans les courriers indésirables.
send-it-again = Envoyer de nouveau
link-signs-in = Ce lien vous connecte, une seule fois.
link-works-once = Ce lien ne fonctionne qu’une fois. Continuez quand vous êtes prêt.
link-expired = Ce lien n’est plus valable
link-expired-why = Il a déjà été utilisé, il a expiré ou il n’est pas destiné au compte avec lequel vous êtes connecté. Demandez-en un nouveau.

## The own account

delete-account = Supprimer votre compte ?
delete-account-warning = Votre compte sera supprimé, avec vos sessions, vos jetons et vos seconds facteurs. C’est irréversible.
delete-account-do = Supprimer mon compte
asked-to-sign-out = On vous demande de vous déconnecter ici.
language-of-browser = Automatique (langue du navigateur)

## Sign out

sign-out-question = Se déconnecter ?
logged-out = Vous êtes déconnecté
logged-out-of = Vous êtes déconnecté de { $app }
still-signed-in = Vous êtes toujours connecté à { $brand }.
log-out-of = Se déconnecter de { $brand }
log-back-into = Se reconnecter à { $app }
back-to-overview = Retour à l’accueil
signed-out = Déconnecté
signed-out-text = Vous êtes déconnecté.
signed-out-unregistered = Vous êtes déconnecté. La demande devait vous envoyer vers une adresse que l’application n’a pas enregistrée.
sign-out-asked-by = { $app } demande de vous déconnecter ici aussi.
sign-out-all-the-same = Vous pouvez tout de même vous déconnecter ici.
sign-out-here = Se déconnecter ici quand même
sign-out-not-understood = Demande de déconnexion non comprise
go-to = Aller à { $app }
go-on-to = Continuer vers { $app }
redirecting = Redirection…
redirecting-to-dots = Redirection vers { $app }…
signing-out = Déconnexion en cours
signing-out-text = Vos applications sont en cours de déconnexion.
signed-out-everywhere = Vous êtes déconnecté ici et de vos applications.
signed-out-here = Déconnecté ici
signed-out-not-all = Certaines applications n’ont pas pu être déconnectées.
sign-out-asked = Votre navigateur lui a demandé de vous déconnecter
sign-out-open = Vous y êtes peut-être encore connecté.
sign-out-trying = Pas encore joignable. Ce serveur réessaie pendant quelques minutes.
sign-out-failed = Injoignable. Vous y êtes peut-être encore connecté.
open-it = Ouvrir

## Refusals

open-denied = Vous ne pouvez pas ouvrir { $app }
sign-in-denied = Vous ne pouvez pas vous connecter
go-on-denied = Vous ne pouvez pas continuer ici
denied-generic = Votre compte est en ordre ; cette application ne lui est pas ouverte.
denied-group = Votre compte est en ordre ; cette application est réservée au groupe { $groups }.
denied-groups = Votre compte est en ordre ; cette application est réservée aux groupes { $groups }.
denied-rule = Cette règle ({ $rule }) n’est pas satisfaite.
denied-account = Cette étape ne concerne pas le compte avec lequel vous êtes connecté.
denied-nobody = Cette étape ne vous est pas accessible pour le moment.
denied-passwords = Trop de mots de passe incorrects. Recommencez, ou demandez-en un nouveau.
set-up-finished = L’installation est terminée
set-up-finished-why = Il existe déjà un administrateur ; cette page reste fermée.
welcome-to = Bienvenue dans { $brand }
set-up-hint = Créez le premier administrateur. Cette page se ferme ensuite définitivement.
set-up-username = Votre nom d’utilisateur est akadmin. Vous pourrez le changer plus tard.
insiders-only = Cette interface est réservée aux utilisateurs internes.
insiders-only-why = Votre compte est en ordre. Ouvrez l’application voulue à sa propre adresse.
administrators-only = Cette partie est réservée aux administrateurs
administrators-only-why = Votre compte est en ordre ; il n’a simplement rien à faire ici.
no-address = Cette application n’a pas d’adresse à ouvrir. Un administrateur peut lui donner une URL de lancement.
denied-permission = Accès refusé
denied-request = La demande a été refusée.
denied-no-application = Application introuvable : ce fournisseur n’est encore associé à aucune application.
denied-changed = L’application a été modifiée entre-temps.
denied-saml-set-up = La connexion à cette application n’est pas configurée correctement.
denied-rule-failed = Une règle qui décide de cette étape a échoué ou a été supprimée. Demandez à un administrateur de vérifier.
denied-flow-changed = Un administrateur a modifié ce parcours pendant que vous y étiez.
denied-server-updated = Le serveur a été mis à jour entre-temps.
denied-stage-deleted = Cette étape a été supprimée entre-temps.
denied-question-deleted = Une question de cette page a été supprimée.
denied-account-gone = Ce compte n’existe plus.
denied-acting = Vous agissez au nom d’une autre personne. Elle seule peut configurer son second facteur.
denied-acting-delete = Vous agissez au nom d’une autre personne. Elle seule peut supprimer son compte.
denied-sign-in-first = Connectez-vous avant de configurer un second facteur.
denied-sign-in-first-delete = Connectez-vous avant de supprimer votre compte.
denied-other-account = Ce lien est destiné à un autre compte.
denied-mail = L’e-mail ne peut pas être envoyé. Demandez à un administrateur de vérifier.
denied-no-factor = Aucun second facteur (autorisé) n’est configuré.
denied-invitation = Invitation non valable ou introuvable
denied-invitation-signed-in = Vous avez déjà un compte. Déconnectez-vous pour utiliser une invitation.
denied-set-up-done = L’installation est déjà terminée. Connectez-vous avec le compte créé.
denied-update = Le compte n’a pas pu être enregistré. Réessayez plus tard.

## Signing in by a source

source-refused = Impossible de se connecter avec { $source }
source-some = cette source
source-unknown = Cette source n’existe pas ou est désactivée.
source-acting = Vous agissez au nom d’une autre personne. Elle seule peut relier une identité.
source-connect = Relier { $source } ?
source-connect-text = Désormais, quiconque se connecte comme vous chez { $source } sera connecté ici en tant que { $user }.
source-connect-action = Relier
source-over = C’était trop long, déjà fait ou commencé dans un autre navigateur. Recommencez.
source-gone = Cette source a été désactivée ou supprimée pendant votre connexion.
source-unnamed = La source n’a pas dit qui vous êtes.
source-rules = Les règles de cette source ne vous laissent pas entrer.
source-unreadable = Une règle de ce serveur n’a pas pu lire ce que la source a dit de vous. Demandez à un administrateur d’y regarder.
source-no-enrollment = Cette source ne crée pas de comptes.
source-no-flow = Le flux configuré n’existe pas.
source-connected-elsewhere = Cette identité est reliée à un autre compte, ou votre compte à une autre identité de { $source }.
source-somebody-else = Vous êtes connecté ici avec un compte qui n’est pas relié à cette identité. Déconnectez-vous d’abord, ou reliez-la dans vos paramètres.
source-denied = La connexion avec { $source } a été refusée. Connectez-vous comme lors de votre inscription.
source-elsewhere = Cette identité est reliée à un autre compte, ou a été déliée entre-temps.
source-groups = Échec de la mise à jour des groupes. Réessayez plus tard.
source-not-waiting = Ce que vous faisiez est terminé entre-temps ou concerne un autre compte. Recommencez.
source-no-account = Aucun compte n’a été trouvé pour cette identité.
source-missing = La source n’existe pas
certificate-missing = Un certificat est exigé et aucun n’a été présenté.
certificate-of-nobody = Aucun compte ne correspond à ce certificat.
source-wrong = Cette source est mal configurée. Un administrateur en trouve la raison dans les événements.

## Connecting a device

device-title = Connecter un appareil
device-text = Saisissez le code affiché par l’appareil.
device-code = Code affiché par l’appareil
device-code-help = Neuf chiffres, avec ou sans espaces.
device-unknown = Aucun appareil n’attend avec ce code. Regardez l’appareil : il en affiche peut-être un nouveau.
device-sign-in = Se connecter à { $app } sur un appareil ?
device-shows = Un appareil devant vous affiche-t-il ce code ?
device-warning = La personne qui a cet appareil sera connectée à { $app } sous votre nom. Si quelqu’un vous a envoyé ce code ou un lien vers cette page, refusez.
device-deny = Refuser
device-allow = Autoriser
device-gone = Ce code a expiré ou a déjà reçu une réponse. Recommencez sur l’appareil : il en affiche un nouveau.
device-acting = Vous agissez au nom de quelqu’un d’autre. Seule cette personne peut connecter un appareil.
device-connected = L’appareil est connecté
device-connected-text = Il se connecte à { $app }. Retournez à l’appareil ; vous pouvez fermer cette page.
device-refused = L’appareil a été refusé
device-refused-text = Il ne reçoit rien de { $app }. Vous pouvez fermer cette page.
device-none = Les codes d’appareil ne sont pas acceptés ici. Un administrateur peut choisir un flux de code d’appareil dans les réglages de la marque.

## Pages about errors

not-found = Page introuvable
not-found-text = Il n’y a rien à cette adresse.
no-flow = Il n’y a aucun parcours à cette adresse.
too-much = C’est trop
too-much-text = Revenez en arrière et saisissez moins, ou des fichiers plus petits.
busy = Trop de connexions à la fois
busy-text = Attendez quelques secondes et réessayez.
unavailable = Indisponible pour le moment
unavailable-text = Le serveur ne parvient pas à joindre sa base de données. Attendez quelques secondes et réessayez.
broken = Un problème est survenu ici
broken-text = Vous n’y êtes pour rien. Réessayez dans un instant.
address-received = Adresse reçue
request-error = Erreur dans la demande
client-id-error = Erreur d’identifiant client
redirect-error = Erreur d’URI de redirection
not-found-short = Introuvable
not-set-up = Non configuré
begin-again = Recommencez
begin-again-text = La connexion à { $app } a pris trop de temps ou était déjà terminée. Ouvrez de nouveau l’application.
no-such-page = La page demandée n’existe pas.
client-unknown = Ce serveur ne connaît pas l’application qui vous a envoyé ici. Ses responsables doivent comparer son Client ID avec celui de la page du fournisseur.
redirect-missing = L’application n’a pas dit où revenir. Ses responsables doivent définir son adresse de retour (redirect_uri).
redirect-unregistered = L’application a demandé à revenir à une adresse qu’elle n’a pas enregistrée. Ses responsables doivent l’ajouter telle quelle aux Redirect URIs du fournisseur.
no-saml-application = Aucune application ne se connecte ici avec SAML. L’adresse est-elle correcte ?
saml-refused = { $name } a envoyé un message qui n’est pas accepté ici. Recommencez ; si cette page revient, transmettez ce qui suit aux responsables de { $name }.
saml-rule = Règle
saml-wrong = Ce qui ne va pas

## What was wrong with an answer

error-name-and-password = Ce nom et ce mot de passe ne correspondent pas. Réessayez.
error-uid-empty = Saisissez votre nom d’utilisateur ou votre adresse e-mail.
error-password-empty = Saisissez votre mot de passe.
error-code-empty = Saisissez le code.
error-not-right = Ce n’est pas correct.
error-not-accepted = Ces réponses ne sont pas acceptées.
error-password = Mot de passe incorrect
error-failed = La connexion a échoué.
error-page-too-old = Cette page est restée ouverte trop longtemps, ou les cookies sont bloqués. Réessayez.
error-wait = { $seconds ->
    [one] Trop de tentatives. Réessayez dans { $seconds } seconde.
    [many] Trop de tentatives. Réessayez dans { $seconds } de secondes.
   *[other] Trop de tentatives. Réessayez dans { $seconds } secondes.
}
error-wait-one = Trop de tentatives. Réessayez dans 1 seconde.
error-code = Le code ne correspond pas
error-code-limit = Aucun autre code ne peut être envoyé pour le moment. Réessayez dans une heure.
error-code-unsent = Le code ne peut pas être envoyé. Demandez à un administrateur de vérifier.
error-message-unsent = Le SMS ne peut pas être envoyé. Demandez à un administrateur de vérifier.
error-message-refused = L’opérateur de SMS a refusé l’envoi.
error-message-number = Aucun SMS ne peut être envoyé à ce numéro. Vérifiez-le.
error-number = Saisissez un numéro de téléphone valable avec l’indicatif du pays : +49 30 123456.
error-mail-limit = L’e-mail a déjà été envoyé autant de fois que possible. Recommencez plus tard.
error-required = Ce champ est obligatoire.
error-blank = Ce champ ne peut pas être vide.
error-too-long = { $count ->
    [one] Au plus { $count } caractère.
    [many] Au plus { $count } de caractères.
   *[other] Au plus { $count } caractères.
}
error-integer = Saisissez un nombre entier.
error-email = Saisissez une adresse e-mail valable.
error-date = Saisissez la date ainsi : AAAA-MM-JJ.
error-time = Saisissez la date et l’heure ainsi : AAAA-MM-JJThh:mm.
error-file-too-large = Le fichier est trop gros : 100 Ko au maximum.
error-passwords-differ = Les mots de passe ne correspondent pas.
error-username-taken = Ce nom d’utilisateur est déjà pris.
error-factor-code = Code non valable. Vérifiez l’heure de votre appareil et réessayez.
error-device = Appareil non valable
error-device-refused = La vérification a échoué
error-device-type = Ce type d’appareil n’est pas autorisé. Contactez les administrateurs de { $brand }.
error-duo-denied = Duo a refusé l’accès
error-duo-waiting = Personne n’a encore répondu sur le téléphone.
error-duo-unavailable = Duo ne peut pas être configuré pour le moment. Demandez à un administrateur de vérifier.
error-duo-silent = Duo n’a pas répondu. Réessayez.
error-duo-exists = Cet appareil est déjà configuré.
error-captcha-token = La vérification a échoué
error-captcha = Réponse au captcha non valable
error-captcha-retry = Réponse au captcha non valable. Réessayez.
error-password-rules = Le mot de passe enfreint les règles.
error-password-weak = Le mot de passe est trop faible.
error-password-leaked = { $count ->
    [one] Le mot de passe figure sur { $count } liste publique.
    [many] Le mot de passe figure sur { $count } de listes publiques.
   *[other] Le mot de passe figure sur { $count } listes publiques.
}
error-password-expired = Le mot de passe a expiré.
error-password-short = Le mot de passe doit compter au moins 8 caractères.
error-change-username = Vous ne pouvez pas changer le nom d’utilisateur.
error-change-name = Vous ne pouvez pas changer le nom.
error-change-email = Vous ne pouvez pas changer l’adresse e-mail.

## Shipped texts of stored objects

shipped-choose-username = Bienvenue dans { $brand } ! Choisissez un nom d’utilisateur.
shipped-change-password = Changer le mot de passe
shipped-redirecting = Redirection vers { $app }
shipped-update-info = Modifier vos informations
shipped-logged-out = Vous êtes déconnecté de { $app }.
shipped-invalidation = Déconnexion
shipped-reset-password = Réinitialiser le mot de passe
shipped-delete-account = Supprimer votre compte
shipped-name = Nom
shipped-locale = Langue
shipped-password-repeat = Mot de passe (confirmation)
shipped-admin-email = E-mail de l’administrateur
shipped-scope-email = Adresse e-mail
shipped-scope-profile = Informations générales du profil
shipped-scope-entitlements = Droits dans l’application
shipped-scope-offline = Demander de nouveaux jetons sans votre intervention
shipped-scope-api = Accès à l’API en votre nom
shipped-scope-groups = Appartenance aux groupes
shipped-scope-github-user = Compatibilité GitHub : accès à vos informations
shipped-scope-github-email = Compatibilité GitHub : accès à vos adresses e-mail
shipped-scope-github-groups = Compatibilité GitHub : accès à vos groupes

## Help

help = Aide
help-your-settings = Vos paramètres
help-password = J’ai oublié mon mot de passe
help-password-answer = Choisissez « Mot de passe oublié ? » sur la page de connexion. S’il n’y est pas, un administrateur peut vous envoyer un lien.
help-lost = J’ai perdu mon téléphone ou ma clé de sécurité
help-lost-answer = Connectez-vous avec un de vos codes de secours. Sans code, demandez à un administrateur de retirer l’appareil perdu de votre compte.
help-attempts = On me dit qu’il y a eu trop de tentatives
help-attempts-answer = Attendez le temps indiqué. Dans un navigateur où vous vous êtes déjà connecté, personne d’autre ne peut vous faire attendre.
help-refused = Une application ne me laisse pas entrer
help-refused-answer = La page dit pourquoi. Donnez le numéro en bas de page à un administrateur, qui verra comment la décision a été prise.
help-data = Je veux voir ou modifier ce qui est enregistré sur moi
help-data-answer = Ouvrez vos paramètres : vous y trouverez vos données, vos appareils, vos sessions et vos consentements.

## Mails

mail-hello = Bonjour { $name },
mail-sent-by = Envoyé par { $product }.
mail-link-once = Le lien fonctionne une fois, pendant { $duration }.
mail-confirm-subject = Confirmez votre adresse
mail-confirm-welcome = Bienvenue !
mail-confirm-text = Confirmez que cette adresse est la vôtre, et votre compte sera prêt :
mail-confirm-do = Confirmer l’adresse
mail-confirm-otherwise = Si vous n’avez pas demandé de compte, ne faites rien.
mail-reset-subject = Choisissez un nouveau mot de passe
mail-reset-text = quelqu’un a demandé un nouveau mot de passe pour votre compte { $username }. Si c’est vous, choisissez-en un ici :
mail-reset-otherwise = Si ce n’est pas vous, ne faites rien : votre mot de passe reste le même.
mail-code-subject = Votre code de connexion
mail-code-text = voici votre code :
mail-code-once = Il fonctionne une fois, pendant { $duration }.
mail-code-otherwise = Ne le donnez à personne. Si vous ne l’avez pas demandé, quelqu’un d’autre connaît votre mot de passe : changez-le.
mail-factor-added-subject = Un second facteur a été ajouté à votre compte
mail-factor-removed-subject = Un second facteur a été retiré de votre compte
mail-factor-added = un second facteur a été ajouté à votre compte { $username } :
mail-factor-removed = un second facteur a été retiré de votre compte { $username } :
mail-factor-by = C’est { $by } qui l’a fait.
mail-factor-by-from = C’est { $by } qui l’a fait, depuis { $address }.
mail-factor-from = Cela a été fait depuis { $address }.
mail-factor-otherwise = Si c’est vous ou si vous êtes au courant, il n’y a rien à faire. Sinon, changez votre mot de passe et vérifiez vos seconds facteurs, ou demandez à votre administrateur de bloquer le compte.
mail-notification = Notification de { $product } : { $what }
mail-severity = Gravité
mail-for = Pour
mail-by = Par
mail-about = Concerne
mail-notice = Information
mail-warning = Avertissement
mail-alert = Alerte
mail-sent-over = Envoyé par { $product } via { $transport }.
class-static = codes de secours
class-totp = application d’authentification
class-webauthn = clé d’accès ou clé de sécurité
class-duo = Duo
class-sms = codes par SMS
class-email = codes par e-mail

## The library and the person's settings

ui-my-applications = Mes applications
ui-settings = Paramètres
ui-admin-interface = Administration
ui-sign-out = Se déconnecter
ui-sign-in = Se connecter
ui-main = Menu principal
ui-loading = Chargement
ui-reload = Recharger
ui-find = Chercher une application
ui-no-apps = Aucune application pour l’instant
ui-no-apps-admin = Créez la première ; elle apparaîtra ici pour tous ceux qui peuvent l’ouvrir.
ui-no-apps-user = Rien ne vous a encore été ouvert. Demandez à votre administrateur.
ui-create-app = Créer une application
ui-applications = Applications
ui-no-address = N’a pas d’adresse à ouvrir
ui-edit = Modifier
ui-edit-it = Modifier { $name }
ui-nothing-matches = Rien ne correspond à « { $text } »
ui-requests = Des applications vous demandent de vous connecter
ui-request = { $application } vous demande de vous connecter
ui-request-answer = Répondre
ui-details = Vos informations
ui-username = Nom d’utilisateur
ui-name = Nom
ui-email = E-mail
ui-groups = Groupes
ui-none = Aucun
ui-ways = Moyens de connexion
ui-password = Mot de passe
ui-password-hint = Changez-le si quelqu’un d’autre peut le connaître.
ui-change-password = Changer le mot de passe
ui-mfa = Seconds facteurs
ui-enroll = Configurer
ui-mfa-empty = Aucun pour l’instant. Avec un second facteur, un mot de passe volé ne suffit pas pour se connecter à votre place.
ui-sources = Comptes reliés
ui-sources-text = Des comptes ailleurs avec lesquels vous pouvez vous connecter ici.
ui-connect = Relier
ui-connected = Relié
ui-disconnect = Délier
ui-disconnect-from = Délier { $source }
ui-disconnect-text = Vous ne pourrez plus vous connecter avec { $source } avant de le relier à nouveau.
ui-disconnected = { $source } est délié.
ui-not-set-up = Non configuré
ui-set-up-when = configuré { $when }
ui-used-when = utilisé { $when }
ui-never-used = jamais utilisé
ui-ends-when = expire { $when }
ui-endless = n’expire pas
ui-rename = Renommer
ui-rename-it = Renommer { $name }
ui-name-hint = Pour les distinguer les uns des autres.
ui-delete = Supprimer
ui-delete-it = Supprimer { $name }
ui-deleted = { $name } supprimé.
ui-device-gone = Vous ne pourrez plus vous connecter avec. C’est irréversible ; vous pourrez le configurer de nouveau.
ui-save = Enregistrer
ui-cancel = Annuler
ui-close = Fermer
ui-create = Créer
ui-sessions = Sessions ouvertes
ui-sign-out-elsewhere = Se déconnecter partout ailleurs
ui-sign-out-elsewhere-text = Tous les autres navigateurs et appareils où vous êtes connecté seront déconnectés, et ce que les applications en ont obtenu prend fin. Cette session reste ouverte.
ui-sessions-ended = { $count ->
    [one] { $count } session terminée.
    [many] { $count } de sessions terminées.
   *[other] { $count } sessions terminées.
}
ui-nowhere-else = Vous n’étiez connecté nulle part ailleurs.
ui-browser-on = { $browser } sur { $system }
ui-unknown-browser = Navigateur inconnu
ui-current-session = Session actuelle
ui-end = Terminer
ui-end-session = Terminer la session sur { $name }
ui-end-session-text = Ce navigateur sera déconnecté, et ce que les applications en ont obtenu prend fin.
ui-no-session = Aucune session.
ui-tokens = Jetons et mots de passe d’application
ui-create-token = Créer un jeton
ui-create-app-password = Créer un mot de passe d’application
ui-token = Jeton
ui-app-password = Mot de passe d’application
ui-token-created = Créé. Copiez-le depuis la liste.
ui-no-tokens = Aucun. Un jeton permet à un programme d’utiliser l’API pour vous ; un mot de passe d’application vous connecte là où aucune page ne peut s’afficher.
ui-token-gone = Les programmes qui l’utilisent ne pourront plus se connecter à votre place. C’est irréversible.
ui-identifier = Identifiant
ui-identifier-hint = Un nom pour le retrouver.
ui-identifier-wrong = Lettres, chiffres, - et _ seulement.
ui-identifier-taken = Vous en avez déjà un de ce nom.
ui-description = Description de l’usage
ui-copy = Copier
ui-copy-it = Copier { $name }
ui-copied = Copié
ui-copy-by-hand = Sélectionnez et copiez
ui-consent = Consentements
ui-application = L’application
ui-no-details = aucun détail
ui-withdraw = Retirer
ui-withdraw-from = Retirer votre consentement pour { $app }
ui-withdraw-text = { $app } vous redemandera à la prochaine ouverture.
ui-withdrawn = Votre consentement pour { $app } est retiré.
ui-no-consent = Vous n’avez autorisé aucune application à en savoir plus sur vous.
ui-delete-account = Supprimer le compte
ui-delete-account-text = Votre compte sera supprimé, avec vos sessions, vos jetons et vos seconds facteurs.
ui-colours = Couleurs
ui-colours-system = Comme le système
ui-colours-light = Clair
ui-colours-dark = Sombre
ui-colours-switch = Couleurs : { $now }. Passer à : { $next }
ui-account-of = { $initials }, compte de { $username }
ui-notifications = Avis
ui-notifications-unread = Avis, { $count } non lus
ui-no-notifications = Aucun nouvel avis. Ce que les règles de notification vous signalent apparaît ici.
ui-notice = information
ui-warning = avertissement
ui-alert = alerte
ui-show-event = Voir l’événement
ui-mark-seen = Marquer comme lu
ui-clear-all = Tout effacer
ui-acting = Vous êtes { $original } et agissez en tant que { $username }.
ui-stop-acting = Arrêter d’agir à sa place
ui-session-ended = Votre session a pris fin
ui-confirm-you = Confirmez que c’est bien vous
ui-other-person = Vous vous êtes connecté en tant que { $other }, et cette page appartient à { $name }. Déconnectez-vous puis connectez-vous en tant que { $name }, ou rechargez la page pour continuer en tant que { $other }.
ui-prove = Cela change la façon dont quelqu’un se connecte ; connectez-vous donc encore une fois. Ce sera fait dès votre retour.
ui-sign-in-again = Connectez-vous de nouveau en tant que { $name } pour continuer. Votre saisie est toujours là et sera envoyée dès votre retour.
ui-blocked = Le navigateur n’a pas ouvert de fenêtre. Ouvrez ce serveur dans un autre onglet, connectez-vous et revenez.
ui-waiting = En attente de votre connexion dans l’autre fenêtre.
ui-reload-page = Recharger la page
ui-sign-out-person = Déconnecter { $name }
ui-not-now = Pas maintenant
ui-not-proved = Rien n’a été modifié, car vous ne vous êtes pas reconnecté.
ui-not-signed-in = Vous ne vous êtes pas reconnecté. Votre saisie est toujours là.
ui-not-found = Introuvable
ui-not-loaded = Le chargement a échoué
ui-go-back = Retour
ui-try-again = Réessayer
ui-dismiss = Fermer
ui-fields-wrong = Certains champs sont à revoir.
ui-error-denied = Vous n’avez pas ce droit. Demandez l’autorisation à un administrateur.
ui-error-gone = Cela n’existe plus.
ui-error-changed = Quelqu’un d’autre l’a modifié entre-temps. Rechargez et réessayez.
ui-error-often = Trop de demandes. Attendez un instant et réessayez.
ui-error-busy = Le serveur est occupé ou n’est pas prêt. Réessayez dans un instant.
ui-error-other = Le serveur a répondu par une erreur ({ $status }). Son journal dit pourquoi.
ui-unreachable = Le serveur est injoignable. Vérifiez la connexion et réessayez.
ui-signed-in = Vous êtes connecté
ui-signed-in-text = Fermez cette fenêtre et continuez dans l’autre. Votre saisie y est toujours.
ui-now = à l’instant
ui-soon = dans un instant
