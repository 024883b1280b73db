## What every page may say

continue = Continue
cancel = Cancel
or = or
yes = Yes
no = No
sign-in = Sign in
sign-out = Sign out
log-in = Log in
try-again = Try again
switch-account = Switch account
my-applications = My applications
start-page = Go to the start page
copy = Copy
copied = Copied
print = Print
request-number = Request
run-number = Trace
why = Why? (administrators)
not-you = Not you?
signed-in-as = Signed in as { $person }.
ask-for-access = If you need { $app }, ask the people who run { $brand } and give them the number below.
one-moment = One moment
press-button = If nothing happens, press the button.
sent-on = You are being sent on.
show = Show
hide = Hide
show-password = Show password
hide-password = Hide password
caps-lock = Caps Lock is on.
needs-script = This page needs JavaScript. Signing in works without it.
duration-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
duration-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
duration-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
duration-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

## Sign in

username-label = Username
email-label = Email
upn-label = UPN
either = { $one } or { $other }
password-label = Password
enter-password = Enter your password
forgot-password = Forgot password?
forgot-either = Forgot username or password?
remember-me = Remember me on this device
use-security-key = Use a security key
continue-with = Continue with { $source }
no-account = Need an account?
sign-up = Sign up
to-continue-to = to continue to { $app }
stay-signed-in = Stay signed in?
stay-signed-in-hint = Choose yes only on a device that nobody else uses.
are-you-a-person = Are you a person?
person-needs-script = This page checks whether you are a person, which needs JavaScript. It is switched off in this browser.
person-failed = The check did not work. Reload the page to try again.
person-unreachable = The service that checks whether you are a person cannot be reached.

## Passwords

strength-hint = Long beats complicated: four or five unrelated words do well.
strength-short = Too short.
strength-weak = Weak. Could be guessed in minutes.
strength-fair = Fair. Could be guessed offline in days.
strength-strong = Strong. Would take years to guess offline.
strength-very-strong = Very strong. Would take centuries to guess offline.

## Second factors and passkeys

confirm-you = Confirm that it is you
passkey-sign-in = Sign in with a passkey
passkey-asks = Your browser asks for your passkey or security key.
passkey-use = Use a passkey
passkey-needs-script = Passkeys need JavaScript, which is switched off in this browser.
passkey-unsupported = This browser cannot use passkeys, or this page was not opened over HTTPS.
passkey-exists = There is a passkey of yours on that device already. Use another device, or the one you have.
passkey-address = Passkeys do not work at this address. Open this page by its name, over HTTPS.
passkey-not-made = No passkey was made. You can try again.
passkey-not-used = No passkey was used. You can try again.
passkey-browser-failed = Your browser could not do this: { $reason }
passkey-unknown = This passkey is not known here. It may have been removed.
passkey-refused = This passkey was not accepted. Try again.
passkey-set-up = Set up a passkey
passkey-set-up-hint = It signs you in with your fingerprint, face or PIN, or a security key.
passkey-set-up-where = Your browser asks where to keep it: on this device, in a password manager, on your phone or on a security key. You can set up several.
factor-set-up = Set up a second factor
factor-set-up-hint = Signing in here takes more than a password. Choose what you want to use.
factor-recovery-code = Recovery code
factor-recovery-code-hint = Each of them works once.
factor-recovery-code-use = Use a recovery code
factor-mail-code = Code from the mail
factor-mail-code-use = Get a code by e-mail
factor-message-code = Code from the message
factor-message-code-use = Get a code by text message
factor-duo-code = Code from Duo Mobile
factor-duo-use = Use Duo
factor-app-code = Code from your authenticator app
factor-app-use = Use your authenticator app
factor-sent-to = We sent it to { $to }.
factor-code-wrong = This code is wrong, or it was used already.
factor-app-code-wrong = This code is wrong, or it was used already. Wait for the next one.
factor-duo-refused = Duo did not accept this code.
factor-ask-phone = Ask on my phone
code-sent-to = We sent a code to { $to }.
send-code = Send a code
send-another-code = Send another code
use-another-address = Use another address
use-another-number = Use another number
mail-codes-set-up = Set up codes by e-mail
mail-codes-set-up-hint = From now on, signing in also asks for a code that is sent to your address.
mail-codes-address = Email address
text-codes-set-up = Set up codes by text message
text-codes-set-up-hint = A code is sent to your phone, to show that the number is yours.
text-codes-number = Phone number
text-codes-number-hint = With the number of its country, as +49 30 123456.
app-set-up = Set up an authenticator app
app-set-up-hint = From now on, signing in also asks for a code from your phone.
app-scan = Scan this with an authenticator app, for example Google Authenticator, Aegis or 1Password.
app-qr = QR code for your authenticator app
app-no-scan = You can’t scan it?
app-type-key = Type this key into the app, or
app-open = open an app on this device
app-code = Code from the app
app-code-hint = The app shows a new one every 30 seconds.
duo-set-up = Set up Duo
duo-set-up-hint = From now on, signing in also asks on your phone.
duo-scan = Scan this with the app Duo Mobile, then continue.
duo-qr = QR code for Duo Mobile
duo-open = Open Duo Mobile on this device
duo-waits = Duo does not know your phone yet. Scan the picture with Duo Mobile first.
recovery-codes-keep = Keep your recovery codes
recovery-codes-keep-hint = Each signs you in once when you don’t have your other second factor at hand.
recovery-codes-print = Print these codes or save them in a password manager. They are not shown again.
recovery-codes-saved = I saved them

## Consent

consent-wants = wants to know who you are
consent-new = { $what } (new)
consent-nothing = Nothing but a number that stands for you is sent.
consent-back-to = You go back to { $target }.
consent-withdraw = You can withdraw this under Settings, Consent.
consent-name = Your name and username
consent-email = Your email address
consent-groups = Your groups
consent-away = Access while you are away
consent-away-hint = Without asking you again, until you withdraw it

## Recovery and links

check-mail = Check your mail
check-mail-confirm = We sent a link to the address that you entered. Open it to confirm that the address is yours.
check-mail-recovery = If there is an account for what you entered, a mail with a link is on its way to its address.
check-mail-note = The link works once, for { $duration }. You may open it in another browser.
check-mail-again = It is sent once more. Look into the folder for spam, too.
send-it-again = Send it again
link-signs-in = This link signs you in, once.
link-works-once = This link works once. Go on when you are ready.
link-expired = This link is not valid any more
link-expired-why = It was used already, its time is over, or it is not for the account you are signed in with. Ask for a new one.

## The own account

delete-account = Delete your account?
delete-account-warning = Your account goes, and with it your sessions, tokens and second factors. This cannot be undone.
delete-account-do = Delete my account
asked-to-sign-out = You are asked to sign out here.
language-of-browser = Auto-detect (based on your browser)

## Sign out

sign-out-question = Sign out?
logged-out = You’ve logged out
logged-out-of = You’ve logged out of { $app }
still-signed-in = You are still signed in to { $brand }.
log-out-of = Log out of { $brand }
log-back-into = Log back into { $app }
back-to-overview = Go back to overview
signed-out = Signed out
signed-out-text = You are signed out.
signed-out-unregistered = You are signed out. The request was to send you on to an address that the application has not registered.
sign-out-asked-by = { $app } asks to sign you out here too.
sign-out-all-the-same = You can sign out here all the same.
sign-out-here = Sign out here all the same
sign-out-not-understood = Sign-out request not understood
go-to = Go to { $app }
go-on-to = Go on to { $app }
redirecting = Redirecting...
redirecting-to-dots = Redirecting to { $app }...
signing-out = Signing out
signing-out-text = Your applications are being signed out.
signed-out-everywhere = You are signed out here and at your applications.
signed-out-here = Signed out here
signed-out-not-all = Not every application could be signed out.
sign-out-asked = Asked by your browser to sign you out
sign-out-open = You may still be signed in there.
sign-out-trying = Not reached yet. This server goes on trying for some minutes.
sign-out-failed = Not reached. You may still be signed in there.
open-it = Open it

## Refusals

open-denied = You can’t open { $app }
sign-in-denied = You can’t sign in
go-on-denied = You can’t go on here
denied-generic = Your account is fine; this application is not for it.
denied-group = Your account is fine; this application is for the group { $groups }.
denied-groups = Your account is fine; this application is for the groups { $groups }.
denied-rule = This { $rule } does not pass.
denied-account = This step is not meant for the account you are signed in with.
denied-nobody = This step is not open to you right now.
denied-passwords = Too many wrong passwords. Start again, or ask for a new one.
set-up-finished = The set-up is finished
set-up-finished-why = There is an administrator already; this page stays closed.
welcome-to = Welcome to { $brand }
set-up-hint = Create the first administrator. This page closes for good afterwards.
set-up-username = Your user name is akadmin. You can change it later.
insiders-only = Interface can only be accessed by internal users.
insiders-only-why = Your account is fine. Open the application you want to use by its own address.
administrators-only = This part is for administrators
administrators-only-why = Your account is fine; it just has nothing to do here.
no-address = This application has no address to open. An administrator can give it a launch URL.
denied-permission = Permission denied
denied-request = Request has been denied.
denied-no-application = Failed to resolve application: this provider is not assigned to one yet.
denied-changed = The application was changed in the meantime.
denied-saml-set-up = The sign-in to this application is not set up rightly.
denied-rule-failed = A rule that decides about this step failed or was deleted. Ask an administrator to look at it.
denied-flow-changed = This was changed by an administrator while you were in it.
denied-server-updated = The server was updated while you were in this.
denied-stage-deleted = This stage was deleted while the flow was running.
denied-question-deleted = A question of this page was deleted.
denied-account-gone = This account does not exist any more.
denied-acting = You are acting as somebody else. Only they can set up a second factor of theirs.
denied-acting-delete = You are acting as somebody else. Only they can delete their account.
denied-sign-in-first = Sign in before you set up a second factor.
denied-sign-in-first-delete = Sign in before you delete your account.
denied-other-account = This link was made for another account.
denied-mail = The mail cannot be sent. Ask an administrator to look at it.
denied-no-factor = No (allowed) MFA authenticator configured.
denied-invitation = Invalid invite/invite not found
denied-invitation-signed-in = You have an account already. Sign out to use an invitation.
denied-set-up-done = The set-up was finished already. Sign in with the account that was made.
denied-update = Failed to update user. Please try again later.

## Signing in by a source

source-refused = You cannot sign in with { $source }
source-some = this source
source-unknown = There is no such source, or it is disabled.
source-acting = You are acting as somebody else. Only they can connect an identity of theirs.
source-connect = Connect { $source }?
source-connect-text = From then on, whoever signs in at { $source } as you do there is signed in here as { $user }.
source-connect-action = Connect
source-over = This took too long, was done already, or was begun in another browser. Begin again.
source-gone = This source was disabled or deleted while you were signing in.
source-unnamed = The source has not said who you are.
source-rules = The rules of this source do not let you in.
source-unreadable = A rule of this server could not read what the source said about you. Ask an administrator to look at it.
source-no-enrollment = Source is not configured for enrollment.
source-no-flow = Configured flow does not exist.
source-connected-elsewhere = This identity is connected with another account, or your account with another identity of { $source }.
source-somebody-else = You are signed in here with an account that is not connected with this identity. Sign out first, or connect it in your settings.
source-denied = Request to authenticate with { $source } has been denied. Please authenticate with the source you've previously signed up with.
source-elsewhere = This identity is connected with another account, or was disconnected meanwhile.
source-groups = Failed to update groups. Please try again later.
source-not-waiting = What you were doing has ended meanwhile, or is about another account. Begin again.
source-no-account = The flow has found no account for this identity.
source-missing = Source does not exist
certificate-missing = Certificate required but no certificate was given.
certificate-of-nobody = No user found for certificate.
source-wrong = This source is not set up rightly. An administrator finds the reason in the events.

## Connecting a device

device-title = Connect a device
device-text = Type the code that the device shows.
device-code = Code on the device
device-code-help = Nine digits, with or without spaces.
device-unknown = No device waits with this code. Look at the device: it may show a new one by now.
device-sign-in = Sign in to { $app } on a device?
device-shows = Does a device in front of you show this code?
device-warning = Whoever has that device will be signed in to { $app } as you. If somebody sent you this code or a link to this page, deny.
device-deny = Deny
device-allow = Allow
device-gone = This code has expired, or was answered already. Start again on the device: it shows a new one.
device-acting = You are acting as somebody else. Only they can connect a device.
device-connected = The device is connected
device-connected-text = It is being signed in to { $app }. Go back to it; you can close this page.
device-refused = The device was refused
device-refused-text = It gets nothing from { $app }. You can close this page.
device-none = Codes of devices are not taken here. An administrator can choose a device code flow in the settings of the brand.

## Pages about errors

not-found = Page not found
not-found-text = There is nothing at this address.
no-flow = There is no flow at this address.
too-much = That is too much
too-much-text = Go back and enter less, or smaller files.
busy = Too many sign-ins at once
busy-text = Wait a few seconds and try again.
unavailable = Not available for the moment
unavailable-text = The server cannot reach its database. Wait a few seconds and try again.
broken = Something went wrong here
broken-text = It is not your fault. Try again in a moment.
address-received = Address received
request-error = Request Error
client-id-error = Client ID Error
redirect-error = Redirect URI Error
not-found-short = Not Found
not-set-up = Not set up
begin-again = Begin again
begin-again-text = The sign-in to { $app } took too long, or was finished already. Open the application again.
no-such-page = The page you asked for does not exist.
client-unknown = This server does not know the application that sent you here. Whoever runs it compares its Client ID with the one on the provider's page.
redirect-missing = The application did not say where to return to. Whoever runs it sets its redirect address (redirect_uri).
redirect-unregistered = The application asked to return to an address it has not registered. Whoever runs it adds this one to the provider's Redirect URIs, letter by letter.
no-saml-application = There is no application here that signs in with SAML. Is the address right?
saml-refused = { $name } sent a message that is not accepted here. Begin again; if this page comes back, send what stands below to the people who run { $name }.
saml-rule = Rule
saml-wrong = What is wrong

## What was wrong with an answer
## Those whose English is what the API says, word for word, are found by it.

error-name-and-password = That name and password do not match. Try again.
error-uid-empty = Enter your username or email address.
error-password-empty = Enter your password.
error-code-empty = Enter the code.
error-not-right = This is not right.
error-not-accepted = These answers are not accepted.
error-password = Invalid password
error-failed = Failed to authenticate.
error-page-too-old = This page was open for too long, or cookies are blocked. Please try again.
error-wait = Too many attempts. Try again in { $seconds } seconds.
error-wait-one = Too many attempts. Try again in 1 second.
error-code = Code does not match
error-code-limit = As many codes as may be were sent. Try again in an hour.
error-code-unsent = The code cannot be sent. Ask an administrator to look at it.
error-message-unsent = The message cannot be sent. Ask an administrator to look at it.
error-message-refused = The provider of text messages has refused to send one.
error-message-number = No message can be sent to this number. Check it.
error-number = Enter a valid phone number, with the number of its country: +49 30 123456.
error-mail-limit = It was sent as often as it is. Begin again later.
error-required = This field is required.
error-blank = This field may not be blank.
error-too-long = Ensure this field has no more than { $count } characters.
error-integer = A valid integer is required.
error-email = Enter a valid email address.
error-date = Date has wrong format. Use one of these formats instead: YYYY-MM-DD.
error-time = Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].
error-file-too-large = The file is too large: 100 KB are the most.
error-passwords-differ = Passwords don't match.
error-username-taken = Username is already taken.
error-factor-code = Invalid Token. Please ensure the time on your device is accurate and try again.
error-device = Invalid device
error-device-refused = Assertion failed
error-device-type = Invalid device type. Contact your { $brand } administrator for help.
error-duo-denied = Duo denied access
error-duo-waiting = Nobody has answered on the phone yet.
error-duo-unavailable = Duo cannot be set up now. Ask an administrator to look at it.
error-duo-silent = Duo gave no answer. Try again.
error-duo-exists = Device with Credential ID already exists.
error-captcha-token = Failed to validate token
error-captcha = Invalid captcha response
error-captcha-retry = Invalid captcha response. Retrying may solve this issue.
error-password-rules = Invalid password.
error-password-weak = Password is too weak.
error-password-leaked = Password exists on { $count } online lists.
error-password-expired = Password has expired.
error-password-short = Password needs to be 8 characters or longer.
error-change-username = Not allowed to change username.
error-change-name = Not allowed to change name.
error-change-email = Not allowed to change email address.

## Shipped texts of stored objects
## The code lists the object and the value; what an administrator wrote is shown as written.

shipped-choose-username = Welcome to { $brand }! Please choose a username.
shipped-change-password = Change password
shipped-redirecting = Redirecting to { $app }
shipped-update-info = Update your info
shipped-logged-out = You’ve logged out of { $app }.
shipped-invalidation = Sign out
shipped-reset-password = Reset your password
shipped-delete-account = Delete your account
shipped-name = Name
shipped-locale = Language
shipped-password-repeat = Password (repeat)
shipped-admin-email = Email of the administrator
shipped-scope-email = Email address
shipped-scope-profile = General profile information
shipped-scope-entitlements = Application entitlements
shipped-scope-offline = Access to request new tokens without interaction
shipped-scope-api = API access on behalf of you
shipped-scope-groups = Group memberships
shipped-scope-github-user = GitHub compatibility: access to your user information
shipped-scope-github-email = GitHub compatibility: access to your email addresses
shipped-scope-github-groups = GitHub compatibility: access to your groups

## Help

help = Help
help-your-settings = Your settings
help-password = I do not know my password any more
help-password-answer = Choose “Forgot password?” where you sign in. If it is not there, an administrator can send you a link.
help-lost = My phone or security key is gone
help-lost-answer = Sign in with one of your recovery codes. Without them, ask an administrator to remove the lost device from your account.
help-attempts = It says that there were too many attempts
help-attempts-answer = Wait for the time that it says. In a browser you signed in with before, others cannot make you wait.
help-refused = An application does not let me in
help-refused-answer = The page says why. Give the request number at its foot to an administrator, who can see how it was decided.
help-data = I want to see or change what is stored about me
help-data-answer = Open your settings: there are your data, your devices, your sessions, and what you agreed to.

## Mails

mail-hello = Hello { $name },
mail-sent-by = Sent by { $product }.
mail-link-once = The link works once, for { $duration }.
mail-confirm-subject = Confirm your address
mail-confirm-welcome = Welcome!
mail-confirm-text = Please confirm that this address is yours, and your account is ready:
mail-confirm-do = Confirm the address
mail-confirm-otherwise = If you did not ask for an account, do nothing.
mail-reset-subject = Choose a new password
mail-reset-text = somebody asked for a new password for your account { $username }. If it was you, choose one here:
mail-reset-otherwise = If it was not you, do nothing: your password stays as it is.
mail-code-subject = Your sign-in code
mail-code-text = this is your code:
mail-code-once = It works once, for { $duration }.
mail-code-otherwise = Give it to nobody. If you did not ask for it, somebody else knows your password: change it.
mail-factor-added-subject = A second factor was added to your account
mail-factor-removed-subject = A second factor was removed from your account
mail-factor-added = a second factor was added to your account { $username }:
mail-factor-removed = a second factor was removed from your account { $username }:
mail-factor-by = It was done by { $by }.
mail-factor-by-from = It was done by { $by }, from { $address }.
mail-factor-from = It was done from { $address }.
mail-factor-otherwise = If it was you or you know of it, there is nothing to do. If not, change your password and look through your second factors, or ask your administrator to lock the account.
mail-notification = { $product } notification: { $what }
mail-severity = Severity
mail-for = For
mail-by = By
mail-about = About
mail-notice = Notice
mail-warning = Warning
mail-alert = Alert
mail-sent-over = Sent by { $product } over { $transport }.
class-static = recovery codes
class-totp = authenticator app
class-webauthn = passkey or security key
class-duo = Duo
class-sms = codes by text message
class-email = codes by e-mail

## The library and the person's settings
## The only texts that the web interface loads.

ui-my-applications = My applications
ui-settings = Settings
ui-admin-interface = Admin interface
ui-sign-out = Sign out
ui-sign-in = Sign in
ui-main = Main
ui-loading = Loading
ui-reload = Reload
ui-find = Find an application
ui-no-apps = No applications yet
ui-no-apps-admin = Create the first one; it appears here for everybody who may open it.
ui-no-apps-user = Nothing has been opened for you yet. Ask your administrator.
ui-create-app = Create a new application
ui-applications = Applications
ui-no-address = Has no address to open
ui-edit = Edit
ui-edit-it = Edit { $name }
ui-nothing-matches = Nothing matches “{ $text }”
ui-requests = Applications ask you to sign in
ui-request = { $application } asks you to sign in
ui-request-answer = Answer
ui-details = User details
ui-username = Username
ui-name = Name
ui-email = Email
ui-groups = Groups
ui-none = None
ui-ways = Ways to sign in
ui-password = Password
ui-password-hint = Change it when somebody else may know it.
ui-change-password = Change password
ui-mfa = MFA Devices
ui-enroll = Enroll
ui-mfa-empty = None yet. With a second factor a stolen password is not enough to sign in as you.
ui-sources = Connected accounts
ui-sources-text = Accounts elsewhere with which you can sign in here.
ui-connect = Connect
ui-connected = Connected
ui-disconnect = Disconnect
ui-disconnect-from = Disconnect { $source }
ui-disconnect-text = You can no longer sign in with { $source } until you connect it again.
ui-disconnected = { $source } is disconnected.
ui-not-set-up = Not set up
ui-set-up-when = set up { $when }
ui-used-when = used { $when }
ui-never-used = never used
ui-ends-when = ends { $when }
ui-endless = does not end
ui-rename = Rename
ui-rename-it = Rename { $name }
ui-name-hint = So that you tell one from another.
ui-delete = Delete
ui-delete-it = Delete { $name }
ui-deleted = { $name } deleted.
ui-device-gone = You can no longer sign in with it. This cannot be undone; it can be set up anew.
ui-save = Save
ui-cancel = Cancel
ui-close = Close
ui-create = Create
ui-sessions = Sessions
ui-sign-out-elsewhere = Sign out everywhere else
ui-sign-out-elsewhere-text = Every other browser and device you are signed in with is signed out, and what applications got through them ends. This session stays.
ui-sessions-ended = { $count ->
    [one] { $count } session ended.
   *[other] { $count } sessions ended.
}
ui-nowhere-else = You were signed in nowhere else.
ui-browser-on = { $browser } on { $system }
ui-unknown-browser = Unknown browser
ui-current-session = Current session
ui-end = End
ui-end-session = End the session on { $name }
ui-end-session-text = That browser is signed out, and what applications got through it ends.
ui-no-session = No session is listed.
ui-tokens = Tokens and App passwords
ui-create-token = Create Token
ui-create-app-password = Create App password
ui-token = Token
ui-app-password = App password
ui-token-created = Created. Copy it from the list.
ui-no-tokens = None. A token lets a program use the API for you; an app password signs in where no page can be shown.
ui-token-gone = Programs that use it can no longer sign in as you. This cannot be undone.
ui-identifier = Identifier
ui-identifier-hint = A name by which you find it again.
ui-identifier-wrong = Use letters, digits, - and _ only.
ui-identifier-taken = You have one of this name already.
ui-description = Description
ui-copy = Copy
ui-copy-it = Copy { $name }
ui-copied = Copied
ui-copy-by-hand = Select and copy
ui-consent = Consent
ui-application = Application
ui-no-details = no details
ui-withdraw = Withdraw
ui-withdraw-from = Withdraw your consent to { $app }
ui-withdraw-text = { $app } asks again when you next open it.
ui-withdrawn = Your consent to { $app } is withdrawn.
ui-no-consent = You have not allowed any application to learn about you.
ui-delete-account = Delete account
ui-delete-account-text = Your account goes, and with it your sessions, tokens and second factors.
ui-colours = Colours
ui-colours-system = Match system
ui-colours-light = Light
ui-colours-dark = Dark
ui-colours-switch = Colours: { $now }. Switch to: { $next }
ui-account-of = { $initials }, account of { $username }
ui-notifications = Notifications
ui-notifications-unread = Notifications, { $count } unread
ui-no-notifications = No new notifications. What notification rules tell you appears here.
ui-notice = notice
ui-warning = warning
ui-alert = alert
ui-show-event = Show event
ui-mark-seen = Mark as seen
ui-clear-all = Clear all
ui-acting = You are { $original } and act as { $username }.
ui-stop-acting = Stop impersonation
ui-session-ended = Your session ended
ui-confirm-you = Confirm that it is you
ui-other-person = You signed in as { $other }, and this page belongs to { $name }. Sign out and sign in as { $name }, or reload this page to go on as { $other }.
ui-prove = This changes how somebody signs in, so sign in once more. It is done as soon as you are back.
ui-sign-in-again = Sign in again as { $name } to go on. What you entered is still here, and is sent as soon as you are back.
ui-blocked = The browser did not open a window. Open this server in another tab, sign in there and come back.
ui-waiting = Waiting for you to sign in in the other window.
ui-reload-page = Reload the page
ui-sign-out-person = Sign out { $name }
ui-not-now = Not now
ui-not-proved = Nothing was changed, since you did not sign in again.
ui-not-signed-in = You did not sign in again. What you entered is still here.
ui-not-found = Not found
ui-not-loaded = This could not be loaded
ui-go-back = Go back
ui-try-again = Try again
ui-dismiss = Dismiss
ui-fields-wrong = Some fields need another look.
ui-error-denied = You may not do this. Ask an administrator for the permission.
ui-error-gone = This does not exist any more.
ui-error-changed = Somebody else changed this in the meantime. Reload and try again.
ui-error-often = Too many requests. Wait a moment and try again.
ui-error-busy = The server is busy or not ready. Try again in a moment.
ui-error-other = The server answered with an error ({ $status }). Its log says why.
ui-unreachable = The server could not be reached. Check the connection and try again.
ui-signed-in = You are signed in
ui-signed-in-text = Close this window and go on in the other one. What you entered there is still there.
ui-now = just now
ui-soon = in a moment
