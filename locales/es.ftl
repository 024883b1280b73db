## What every page may say

continue = Continuar
cancel = Cancelar
or = o
yes = Sí
no = No
sign-in = Iniciar sesión
sign-out = Cerrar sesión
log-in = Iniciar sesión
try-again = Reintentar
switch-account = Cambiar de cuenta
my-applications = Mis aplicaciones
start-page = Ir a la página de inicio
copy = Copiar
copied = Copiado
print = Imprimir
request-number = Solicitud
run-number = N.º de referencia
why = ¿Por qué? (administradores)
not-you = ¿No es usted?
signed-in-as = Sesión iniciada como { $person }.
ask-for-access = Si necesita { $app }, pida ayuda a los responsables de { $brand } y deles el número de abajo.
one-moment = Un momento
press-button = Si no ocurre nada, pulse el botón.
sent-on = Le estamos redirigiendo.
show = Mostrar
hide = Ocultar
show-password = Mostrar contraseña
hide-password = Ocultar contraseña
caps-lock = El bloqueo de mayúsculas está activado.
needs-script = Esta página necesita JavaScript. Para iniciar sesión no hace falta.
duration-seconds = { $count ->
    [one] { $count } segundo
    [many] { $count } de segundos
   *[other] { $count } segundos
}
duration-minutes = { $count ->
    [one] { $count } minuto
    [many] { $count } de minutos
   *[other] { $count } minutos
}
duration-hours = { $count ->
    [one] { $count } hora
    [many] { $count } de horas
   *[other] { $count } horas
}
duration-days = { $count ->
    [one] { $count } día
    [many] { $count } de días
   *[other] { $count } días
}

## Sign in

username-label = Nombre de usuario
email-label = Correo electrónico
upn-label = UPN
either = { $one } o { $other }
password-label = Contraseña
enter-password = Introduzca su contraseña
forgot-password = ¿Ha olvidado la contraseña?
forgot-either = ¿Ha olvidado el nombre de usuario o la contraseña?
remember-me = Recordarme en este dispositivo
use-security-key = Usar una llave de seguridad
continue-with = Continuar con { $source }
no-account = ¿No tiene cuenta?
sign-up = Regístrese
to-continue-to = para continuar a { $app }
stay-signed-in = ¿Mantener la sesión iniciada?
stay-signed-in-hint = Elija Sí solo en un dispositivo que nadie más use.
are-you-a-person = ¿Es usted una persona?
person-needs-script = Esta página comprueba si es una persona, y para ello necesita JavaScript. Está desactivado en este navegador.
person-failed = La comprobación no ha funcionado. Recargue la página para intentarlo de nuevo.
person-unreachable = No se puede acceder al servicio que comprueba si es una persona.

## Passwords

strength-hint = Mejor larga que complicada: bastan cuatro o cinco palabras sin relación.
strength-short = Demasiado corta.
strength-weak = Débil. Se podría adivinar en minutos.
strength-fair = Aceptable. Se podría adivinar sin conexión en días.
strength-strong = Fuerte. Se tardaría años en adivinarla sin conexión.
strength-very-strong = Muy fuerte. Se tardaría siglos en adivinarla sin conexión.

## Second factors and passkeys

confirm-you = Confirme que es usted
passkey-sign-in = Iniciar sesión con una clave de acceso
passkey-asks = Su navegador le pide su clave de acceso o llave de seguridad.
passkey-use = Usar una clave de acceso
passkey-needs-script = Las claves de acceso necesitan JavaScript, que está desactivado en este navegador.
passkey-unsupported = Este navegador no admite claves de acceso, o la página no se abrió por HTTPS.
passkey-exists = Ya tiene una clave de acceso en ese dispositivo. Use otro dispositivo o la que ya tiene.
passkey-address = Las claves de acceso no funcionan en esta dirección. Abra la página por su nombre y por HTTPS.
passkey-not-made = No se creó ninguna clave de acceso. Puede intentarlo de nuevo.
passkey-not-used = No se usó ninguna clave de acceso. Puede intentarlo de nuevo.
passkey-browser-failed = Su navegador indica un error: { $reason }
passkey-unknown = Esta clave de acceso no se conoce aquí. Quizá se eliminó.
passkey-refused = No se aceptó esta clave de acceso. Inténtelo de nuevo.
passkey-set-up = Configurar una clave de acceso
passkey-set-up-hint = Inicia su sesión con la huella, la cara, un PIN o una llave de seguridad.
passkey-set-up-where = Su navegador le pregunta dónde guardarla: en este dispositivo, en un gestor de contraseñas, en su teléfono o en una llave de seguridad. Puede configurar varias.
factor-set-up = Configurar un segundo factor
factor-set-up-hint = Aquí no basta una contraseña para iniciar sesión. Elija qué quiere usar.
factor-recovery-code = Código de recuperación
factor-recovery-code-hint = Cada uno funciona una sola vez.
factor-recovery-code-use = Usar un código de recuperación
factor-mail-code = Código del correo
factor-mail-code-use = Recibir un código por correo
factor-message-code = Código del mensaje
factor-message-code-use = Recibir un código por SMS
factor-duo-code = Código de Duo Mobile
factor-duo-use = Usar Duo
factor-app-code = Código de su aplicación de autenticación
factor-app-use = Usar la aplicación de autenticación
factor-sent-to = Lo hemos enviado a { $to }.
factor-code-wrong = Este código es incorrecto o ya se usó.
factor-app-code-wrong = Este código es incorrecto o ya se usó. Espere al siguiente.
factor-duo-refused = Duo no aceptó este código.
factor-ask-phone = Preguntar en mi teléfono
code-sent-to = Hemos enviado un código a { $to }.
send-code = Enviar un código
send-another-code = Enviar otro código
use-another-address = Usar otra dirección
use-another-number = Usar otro número
mail-codes-set-up = Configurar códigos por correo
mail-codes-set-up-hint = A partir de ahora, para iniciar sesión también se pedirá un código que enviamos a su dirección.
mail-codes-address = Dirección de correo
text-codes-set-up = Configurar códigos por SMS
text-codes-set-up-hint = Enviamos un código a su teléfono para comprobar que el número es suyo.
text-codes-number = Número de teléfono
text-codes-number-hint = Con el prefijo del país, por ejemplo +49 30 123456.
app-set-up = Configurar una aplicación de autenticación
app-set-up-hint = A partir de ahora, para iniciar sesión también se pedirá un código de su teléfono.
app-scan = Escanee esto con una aplicación de autenticación, por ejemplo Google Authenticator, Aegis o 1Password.
app-qr = Código QR para su aplicación de autenticación
app-no-scan = ¿No puede escanearlo?
app-type-key = Escriba esta clave en la aplicación, o
app-open = abra una aplicación en este dispositivo
app-code = Código de la aplicación
app-code-hint = La aplicación muestra uno nuevo cada 30 segundos.
duo-set-up = Configurar Duo
duo-set-up-hint = A partir de ahora, al iniciar sesión también se le preguntará en su teléfono.
duo-scan = Escanee esto con la aplicación Duo Mobile y continúe.
duo-qr = Código QR para Duo Mobile
duo-open = Abrir Duo Mobile en este dispositivo
duo-waits = Duo aún no conoce su teléfono. Escanee primero el código con Duo Mobile.
recovery-codes-keep = Guarde sus códigos de recuperación
recovery-codes-keep-hint = Cada uno inicia su sesión una vez cuando no tiene a mano su otro segundo factor.
recovery-codes-print = Imprima estos códigos o guárdelos en un gestor de contraseñas. No se volverán a mostrar.
recovery-codes-saved = Ya los guardé

## Consent

consent-wants = quiere saber quién es usted
consent-new = { $what } (nuevo)
consent-nothing = Solo se envía un número que le representa.
consent-back-to = Volverá a { $target }.
consent-withdraw = Puede retirarlo en Configuración, Consentimientos.
consent-name = Su nombre y nombre de usuario
consent-email = Su dirección de correo
consent-groups = Sus grupos
consent-away = Acceso mientras no está
consent-away-hint = Sin volver a preguntarle, hasta que lo retire

## Recovery and links

check-mail = Revise su correo
check-mail-confirm = Hemos enviado un enlace a la dirección indicada. Ábralo para confirmar que la dirección es suya.
check-mail-recovery = Si hay una cuenta con esos datos, un correo con un enlace va en camino.
check-mail-note = El enlace funciona una vez, durante { $duration }. Puede abrirlo en otro navegador.
check-mail-again = Se envía de nuevo. Mire también en la carpeta de correo no deseado.
send-it-again = Enviar de nuevo
link-signs-in = Este enlace inicia su sesión, una sola vez.
link-works-once = Este enlace funciona una sola vez. Continúe cuando esté listo.
link-expired = Este enlace ya no es válido
link-expired-why = Ya se usó, ha caducado o no es para la cuenta con la que ha iniciado sesión. Pida uno nuevo.

## The own account

delete-account = ¿Eliminar su cuenta?
delete-account-warning = Se eliminará su cuenta, con sus sesiones, tokens y segundos factores. No se puede deshacer.
delete-account-do = Eliminar mi cuenta
asked-to-sign-out = Se le pide que cierre la sesión aquí.
language-of-browser = Automático (idioma del navegador)

## Sign out

sign-out-question = ¿Cerrar sesión?
logged-out = Ha cerrado la sesión
logged-out-of = Ha cerrado la sesión en { $app }
still-signed-in = Su sesión en { $brand } sigue abierta.
log-out-of = Cerrar sesión en { $brand }
log-back-into = Volver a iniciar sesión en { $app }
back-to-overview = Volver al inicio
signed-out = Sesión cerrada
signed-out-text = Ha cerrado la sesión.
signed-out-unregistered = Ha cerrado la sesión. La solicitud debía enviarle a una dirección que la aplicación no ha registrado.
sign-out-asked-by = { $app } le pide que cierre la sesión también aquí.
sign-out-all-the-same = Puede cerrar la sesión aquí de todos modos.
sign-out-here = Cerrar sesión aquí de todos modos
sign-out-not-understood = No se entendió la solicitud de cierre de sesión
go-to = Ir a { $app }
go-on-to = Continuar a { $app }
redirecting = Redirigiendo…
redirecting-to-dots = Redirigiendo a { $app }…
signing-out = Cerrando sesión
signing-out-text = Se está cerrando la sesión en sus aplicaciones.
signed-out-everywhere = Ha cerrado la sesión aquí y en sus aplicaciones.
signed-out-here = Sesión cerrada aquí
signed-out-not-all = No se pudo cerrar la sesión en todas las aplicaciones.
sign-out-asked = Su navegador le ha pedido que cierre su sesión
sign-out-open = Puede que su sesión siga abierta allí.
sign-out-trying = Aún sin respuesta. Este servidor lo seguirá intentando unos minutos.
sign-out-failed = Sin respuesta. Puede que su sesión siga abierta allí.
open-it = Abrir

## Refusals

open-denied = No puede abrir { $app }
sign-in-denied = No puede iniciar sesión
go-on-denied = No puede continuar aquí
denied-generic = Su cuenta está en orden; esta aplicación no está abierta para ella.
denied-group = Su cuenta está en orden; esta aplicación es para el grupo { $groups }.
denied-groups = Su cuenta está en orden; esta aplicación es para los grupos { $groups }.
denied-rule = Esta regla ({ $rule }) no se cumple.
denied-account = Este paso no es para la cuenta con la que ha iniciado sesión.
denied-nobody = Este paso no está disponible para usted ahora.
denied-passwords = Demasiadas contraseñas incorrectas. Empiece de nuevo o pida una nueva.
set-up-finished = La instalación ha terminado
set-up-finished-why = Ya hay un administrador; esta página permanece cerrada.
welcome-to = Le damos la bienvenida a { $brand }
set-up-hint = Cree el primer administrador. Después esta página se cierra para siempre.
set-up-username = Su nombre de usuario es akadmin. Podrá cambiarlo después.
insiders-only = Esta interfaz es solo para usuarios internos.
insiders-only-why = Su cuenta está en orden. Abra la aplicación que quiera usar en su propia dirección.
administrators-only = Esta parte es para administradores
administrators-only-why = Su cuenta está en orden; simplemente no tiene nada que hacer aquí.
no-address = Esta aplicación no tiene dirección que abrir. Un administrador puede darle una URL de inicio.
denied-permission = Acceso denegado
denied-request = La solicitud se ha denegado.
denied-no-application = Aplicación no encontrada: este proveedor aún no está asignado a ninguna.
denied-changed = La aplicación se modificó entretanto.
denied-saml-set-up = El inicio de sesión en esta aplicación no está bien configurado.
denied-rule-failed = Una regla que decide sobre este paso ha fallado o se eliminó. Pida a un administrador que lo revise.
denied-flow-changed = Un administrador modificó este proceso mientras estaba en él.
denied-server-updated = El servidor se actualizó entretanto.
denied-stage-deleted = Este paso se eliminó entretanto.
denied-question-deleted = Se eliminó una pregunta de esta página.
denied-account-gone = Esta cuenta ya no existe.
denied-acting = Está actuando como otra persona. Solo ella puede configurar su segundo factor.
denied-acting-delete = Está actuando como otra persona. Solo ella puede eliminar su cuenta.
denied-sign-in-first = Inicie sesión antes de configurar un segundo factor.
denied-sign-in-first-delete = Inicie sesión antes de eliminar su cuenta.
denied-other-account = Este enlace es de otra cuenta.
denied-mail = No se puede enviar el correo. Pida a un administrador que lo revise.
denied-no-factor = No hay ningún segundo factor (permitido) configurado.
denied-invitation = Invitación no válida o no encontrada
denied-invitation-signed-in = Ya tiene una cuenta. Cierre la sesión para usar una invitación.
denied-set-up-done = La instalación ya terminó. Inicie sesión con la cuenta creada.
denied-update = No se pudo guardar la cuenta. Inténtelo más tarde.

## Signing in by a source

source-refused = No puede iniciar sesión con { $source }
source-some = esta fuente
source-unknown = Esta fuente no existe o está desactivada.
source-acting = Está actuando como otra persona. Solo ella puede vincular una identidad.
source-connect = ¿Vincular { $source }?
source-connect-text = A partir de entonces, quien inicie sesión en { $source } como usted entrará aquí como { $user }.
source-connect-action = Vincular
source-over = Tardó demasiado, ya se hizo o se empezó en otro navegador. Empiece de nuevo.
source-gone = Esta fuente se desactivó o se eliminó mientras iniciaba sesión.
source-unnamed = La fuente no ha dicho quién es usted.
source-rules = Las reglas de esta fuente no le dejan entrar.
source-unreadable = Una regla de este servidor no pudo leer lo que la fuente dijo de usted. Pida a un administrador que lo revise.
source-no-enrollment = Esta fuente no crea cuentas.
source-no-flow = El flujo configurado no existe.
source-connected-elsewhere = Esta identidad está vinculada con otra cuenta, o su cuenta con otra identidad de { $source }.
source-somebody-else = Ha iniciado sesión aquí con una cuenta que no está vinculada con esta identidad. Cierre sesión primero, o vincúlela en sus ajustes.
source-denied = Se ha denegado el acceso con { $source }. Inicie sesión como cuando se registró.
source-elsewhere = Esta identidad está vinculada con otra cuenta, o se desvinculó entretanto.
source-groups = No se pudieron actualizar los grupos. Inténtelo más tarde.
source-not-waiting = Lo que estaba haciendo ha terminado entretanto o es de otra cuenta. Empiece de nuevo.
source-no-account = No se ha encontrado ninguna cuenta para esta identidad.
source-missing = La fuente no existe
certificate-missing = Se requiere un certificado y no se presentó ninguno.
certificate-of-nobody = Ninguna cuenta corresponde a este certificado.
source-wrong = Esta fuente no está bien configurada. Un administrador encontrará el motivo en los eventos.

## Connecting a device

device-title = Conectar un dispositivo
device-text = Escriba el código que muestra el dispositivo.
device-code = Código del dispositivo
device-code-help = Nueve cifras, con o sin espacios.
device-unknown = Ningún dispositivo espera con este código. Mire el dispositivo: puede que ya muestre uno nuevo.
device-sign-in = ¿Iniciar sesión en { $app } en un dispositivo?
device-shows = ¿Hay un dispositivo delante de usted que muestra este código?
device-warning = Quien tenga ese dispositivo iniciará sesión en { $app } con su cuenta. Si alguien le envió este código o un enlace a esta página, rechácelo.
device-deny = Rechazar
device-allow = Permitir
device-gone = Este código ha caducado o ya se respondió. Empiece de nuevo en el dispositivo: mostrará otro.
device-acting = Está actuando como otra persona. Solo ella puede conectar un dispositivo.
device-connected = El dispositivo está conectado
device-connected-text = Está iniciando sesión en { $app }. Vuelva al dispositivo; puede cerrar esta página.
device-refused = El dispositivo fue rechazado
device-refused-text = No recibe nada de { $app }. Puede cerrar esta página.
device-none = Aquí no se aceptan códigos de dispositivos. Un administrador puede elegir un flujo de código de dispositivo en los ajustes de la marca.

## Pages about errors

not-found = Página no encontrada
not-found-text = No hay nada en esta dirección.
no-flow = No hay ningún proceso en esta dirección.
too-much = Es demasiado
too-much-text = Vuelva e introduzca menos datos o archivos más pequeños.
busy = Demasiados inicios de sesión a la vez
busy-text = Espere unos segundos e inténtelo de nuevo.
unavailable = No disponible por el momento
unavailable-text = El servidor no puede acceder a su base de datos. Espere unos segundos e inténtelo de nuevo.
broken = Algo ha fallado aquí
broken-text = No es culpa suya. Inténtelo de nuevo en un momento.
address-received = Dirección recibida
request-error = Error en la solicitud
client-id-error = Error en el identificador de cliente
redirect-error = Error en la URI de redirección
not-found-short = No encontrado
not-set-up = Sin configurar
begin-again = Empiece de nuevo
begin-again-text = El inicio de sesión en { $app } tardó demasiado o ya había terminado. Abra la aplicación de nuevo.
no-such-page = La página solicitada no existe.
client-unknown = Este servidor no conoce la aplicación que le ha enviado aquí. Sus responsables deben comparar el Client ID con el de la página del proveedor.
redirect-missing = La aplicación no dijo adónde volver. Sus responsables deben definir la dirección de retorno (redirect_uri).
redirect-unregistered = La aplicación pidió volver a una dirección que no ha registrado. Sus responsables deben añadirla tal cual a las Redirect URIs del proveedor.
no-saml-application = Aquí no hay ninguna aplicación que inicie sesión con SAML. ¿Es correcta la dirección?
saml-refused = { $name } envió un mensaje que aquí no se acepta. Empiece de nuevo; si vuelve a ver esta página, envíe lo que aparece abajo a los responsables de { $name }.
saml-rule = Regla
saml-wrong = Qué falla

## What was wrong with an answer

error-name-and-password = El nombre y la contraseña no coinciden. Inténtelo de nuevo.
error-uid-empty = Introduzca su nombre de usuario o su correo electrónico.
error-password-empty = Introduzca su contraseña.
error-code-empty = Introduzca el código.
error-not-right = Esto no es correcto.
error-not-accepted = Estas respuestas no se aceptan.
error-password = Contraseña incorrecta
error-failed = No se pudo iniciar sesión.
error-page-too-old = Esta página estuvo abierta demasiado tiempo o las cookies están bloqueadas. Inténtelo de nuevo.
error-wait = { $seconds ->
    [one] Demasiados intentos. Inténtelo de nuevo en { $seconds } segundo.
    [many] Demasiados intentos. Inténtelo de nuevo en { $seconds } de segundos.
   *[other] Demasiados intentos. Inténtelo de nuevo en { $seconds } segundos.
}
error-wait-one = Demasiados intentos. Inténtelo de nuevo en 1 segundo.
error-code = El código no coincide
error-code-limit = Ahora no se pueden enviar más códigos. Inténtelo de nuevo en una hora.
error-code-unsent = No se puede enviar el código. Pida a un administrador que lo revise.
error-message-unsent = No se puede enviar el mensaje. Pida a un administrador que lo revise.
error-message-refused = El proveedor de SMS rechazó el envío.
error-message-number = No se puede enviar ningún mensaje a este número. Compruébelo.
error-number = Introduzca un número de teléfono válido con el prefijo del país: +49 30 123456.
error-mail-limit = Ya se envió tantas veces como es posible. Empiece de nuevo más tarde.
error-required = Este campo es obligatorio.
error-blank = Este campo no puede estar vacío.
error-too-long = { $count ->
    [one] Como máximo { $count } carácter.
    [many] Como máximo { $count } de caracteres.
   *[other] Como máximo { $count } caracteres.
}
error-integer = Introduzca un número entero.
error-email = Introduzca una dirección de correo válida.
error-date = Introduzca la fecha así: AAAA-MM-DD.
error-time = Introduzca la fecha y la hora así: AAAA-MM-DDThh:mm.
error-file-too-large = El archivo es demasiado grande: 100 KB como máximo.
error-passwords-differ = Las contraseñas no coinciden.
error-username-taken = Este nombre de usuario ya está en uso.
error-factor-code = Código no válido. Compruebe la hora de su dispositivo e inténtelo de nuevo.
error-device = Dispositivo no válido
error-device-refused = La comprobación ha fallado
error-device-type = Este tipo de dispositivo no está permitido. Póngase en contacto con los administradores de { $brand }.
error-duo-denied = Duo denegó el acceso
error-duo-waiting = Nadie ha respondido aún en el teléfono.
error-duo-unavailable = Duo no se puede configurar ahora. Pida a un administrador que lo revise.
error-duo-silent = Duo no respondió. Inténtelo de nuevo.
error-duo-exists = Este dispositivo ya está configurado.
error-captcha-token = La comprobación ha fallado
error-captcha = Respuesta al captcha no válida
error-captcha-retry = Respuesta al captcha no válida. Inténtelo de nuevo.
error-password-rules = La contraseña no cumple las reglas.
error-password-weak = La contraseña es demasiado débil.
error-password-leaked = { $count ->
    [one] La contraseña aparece en { $count } lista pública.
    [many] La contraseña aparece en { $count } de listas públicas.
   *[other] La contraseña aparece en { $count } listas públicas.
}
error-password-expired = La contraseña ha caducado.
error-password-short = La contraseña debe tener al menos 8 caracteres.
error-change-username = No puede cambiar el nombre de usuario.
error-change-name = No puede cambiar el nombre.
error-change-email = No puede cambiar la dirección de correo.

## Shipped texts of stored objects

shipped-choose-username = Le damos la bienvenida a { $brand }. Elija un nombre de usuario.
shipped-change-password = Cambiar la contraseña
shipped-redirecting = Redirigiendo a { $app }
shipped-update-info = Actualizar sus datos
shipped-logged-out = Ha cerrado la sesión en { $app }.
shipped-invalidation = Cerrar sesión
shipped-reset-password = Restablecer la contraseña
shipped-delete-account = Eliminar su cuenta
shipped-name = Nombre
shipped-locale = Idioma
shipped-password-repeat = Contraseña (repetir)
shipped-admin-email = Correo del administrador
shipped-scope-email = Dirección de correo
shipped-scope-profile = Datos generales del perfil
shipped-scope-entitlements = Permisos en la aplicación
shipped-scope-offline = Pedir nuevos tokens sin su intervención
shipped-scope-api = Acceso a la API en su nombre
shipped-scope-groups = Pertenencia a grupos
shipped-scope-github-user = Compatibilidad con GitHub: acceso a sus datos de usuario
shipped-scope-github-email = Compatibilidad con GitHub: acceso a sus direcciones de correo
shipped-scope-github-groups = Compatibilidad con GitHub: acceso a sus grupos

## Help

help = Ayuda
help-your-settings = Su configuración
help-password = No recuerdo mi contraseña
help-password-answer = Elija «¿Ha olvidado la contraseña?» donde inicia sesión. Si no aparece, un administrador puede enviarle un enlace.
help-lost = He perdido mi teléfono o mi llave de seguridad
help-lost-answer = Inicie sesión con uno de sus códigos de recuperación. Si no tiene, pida a un administrador que quite de su cuenta el dispositivo perdido.
help-attempts = Dice que ha habido demasiados intentos
help-attempts-answer = Espere el tiempo indicado. En un navegador en el que ya inició sesión, otros no pueden hacerle esperar.
help-refused = Una aplicación no me deja entrar
help-refused-answer = La página dice por qué. Dé el número del pie de la página a un administrador, que podrá ver cómo se decidió.
help-data = Quiero ver o cambiar lo que se guarda sobre mí
help-data-answer = Abra su configuración: ahí están sus datos, sus dispositivos, sus sesiones y sus consentimientos.

## Mails

mail-hello = Hola, { $name }:
mail-sent-by = Enviado por { $product }.
mail-link-once = El enlace funciona una vez, durante { $duration }.
mail-confirm-subject = Confirme su dirección
mail-confirm-welcome = ¡Hola!
mail-confirm-text = Confirme que esta dirección es suya y su cuenta estará lista:
mail-confirm-do = Confirmar la dirección
mail-confirm-otherwise = Si no ha pedido una cuenta, no haga nada.
mail-reset-subject = Elija una contraseña nueva
mail-reset-text = alguien ha pedido una contraseña nueva para su cuenta { $username }. Si ha sido usted, elíjala aquí:
mail-reset-otherwise = Si no ha sido usted, no haga nada: su contraseña no cambia.
mail-code-subject = Su código de inicio de sesión
mail-code-text = este es su código:
mail-code-once = Funciona una vez, durante { $duration }.
mail-code-otherwise = No se lo dé a nadie. Si no lo ha pedido, otra persona conoce su contraseña: cámbiela.
mail-factor-added-subject = Se añadió un segundo factor a su cuenta
mail-factor-removed-subject = Se quitó un segundo factor de su cuenta
mail-factor-added = se añadió un segundo factor a su cuenta { $username }:
mail-factor-removed = se quitó un segundo factor de su cuenta { $username }:
mail-factor-by = Lo hizo { $by }.
mail-factor-by-from = Lo hizo { $by }, desde { $address }.
mail-factor-from = Se hizo desde { $address }.
mail-factor-otherwise = Si ha sido usted o lo sabía, no tiene que hacer nada. Si no, cambie su contraseña y revise sus segundos factores, o pida a su administrador que bloquee la cuenta.
mail-notification = Aviso de { $product }: { $what }
mail-severity = Gravedad
mail-for = Para
mail-by = Por
mail-about = Sobre
mail-notice = Aviso
mail-warning = Advertencia
mail-alert = Alerta
mail-sent-over = Enviado por { $product } mediante { $transport }.
class-static = códigos de recuperación
class-totp = aplicación de autenticación
class-webauthn = clave de acceso o llave de seguridad
class-duo = Duo
class-sms = códigos por SMS
class-email = códigos por correo

## The library and the person's settings

ui-my-applications = Mis aplicaciones
ui-settings = Configuración
ui-admin-interface = Administración
ui-sign-out = Cerrar sesión
ui-sign-in = Iniciar sesión
ui-main = Menú principal
ui-loading = Cargando
ui-reload = Recargar
ui-find = Buscar una aplicación
ui-no-apps = Aún no hay aplicaciones
ui-no-apps-admin = Cree la primera; aparecerá aquí para todos los que puedan abrirla.
ui-no-apps-user = Aún no se le ha abierto nada. Consulte a su administrador.
ui-create-app = Crear una aplicación
ui-applications = Aplicaciones
ui-no-address = No tiene dirección que abrir
ui-edit = Editar
ui-edit-it = Editar { $name }
ui-nothing-matches = Nada coincide con «{ $text }»
ui-requests = Hay aplicaciones que le piden iniciar sesión
ui-request = { $application } le pide iniciar sesión
ui-request-answer = Responder
ui-details = Sus datos
ui-username = Nombre de usuario
ui-name = Nombre
ui-email = Correo electrónico
ui-groups = Grupos
ui-none = Ninguno
ui-ways = Formas de iniciar sesión
ui-password = Contraseña
ui-password-hint = Cámbiela si otra persona puede conocerla.
ui-change-password = Cambiar contraseña
ui-mfa = Segundos factores
ui-enroll = Configurar
ui-mfa-empty = Ninguno aún. Con un segundo factor, una contraseña robada no basta para hacerse pasar por usted.
ui-sources = Cuentas vinculadas
ui-sources-text = Cuentas de otros sitios con las que puede iniciar sesión aquí.
ui-connect = Vincular
ui-connected = Vinculada
ui-disconnect = Desvincular
ui-disconnect-from = Desvincular { $source }
ui-disconnect-text = No podrá iniciar sesión con { $source } hasta que lo vincule de nuevo.
ui-disconnected = { $source } está desvinculado.
ui-not-set-up = Sin configurar
ui-set-up-when = configurado { $when }
ui-used-when = usado { $when }
ui-never-used = nunca usado
ui-ends-when = termina { $when }
ui-endless = no termina
ui-rename = Renombrar
ui-rename-it = Renombrar { $name }
ui-name-hint = Para distinguirlos entre sí.
ui-delete = Eliminar
ui-delete-it = Eliminar { $name }
ui-deleted = { $name } se ha eliminado.
ui-device-gone = Ya no podrá iniciar sesión con él. No se puede deshacer; puede configurarlo de nuevo.
ui-save = Guardar
ui-cancel = Cancelar
ui-close = Cerrar
ui-create = Crear
ui-sessions = Sesiones
ui-sign-out-elsewhere = Cerrar las demás sesiones
ui-sign-out-elsewhere-text = Se cierra la sesión en todos los demás navegadores y dispositivos, y termina lo que las aplicaciones obtuvieron con ellos. Esta sesión sigue abierta.
ui-sessions-ended = { $count ->
    [one] { $count } sesión cerrada.
    [many] { $count } de sesiones cerradas.
   *[other] { $count } sesiones cerradas.
}
ui-nowhere-else = No tenía ninguna otra sesión abierta.
ui-browser-on = { $browser } en { $system }
ui-unknown-browser = Navegador desconocido
ui-current-session = Sesión actual
ui-end = Cerrar
ui-end-session = Cerrar la sesión en { $name }
ui-end-session-text = Se cierra la sesión en ese navegador, y termina lo que las aplicaciones obtuvieron con ella.
ui-no-session = No hay ninguna sesión.
ui-tokens = Tokens y contraseñas de aplicación
ui-create-token = Crear token
ui-create-app-password = Crear contraseña de aplicación
ui-token = Token
ui-app-password = Contraseña de aplicación
ui-token-created = Creado. Cópielo de la lista.
ui-no-tokens = Ninguno. Con un token, un programa usa la API por usted; una contraseña de aplicación inicia sesión donde no se puede mostrar una página.
ui-token-gone = Los programas que lo usan ya no podrán iniciar sesión como usted. No se puede deshacer.
ui-identifier = Identificador
ui-identifier-hint = Un nombre para encontrarlo.
ui-identifier-wrong = Use solo letras, cifras, - y _.
ui-identifier-taken = Ya tiene uno con este nombre.
ui-description = Descripción
ui-copy = Copiar
ui-copy-it = Copiar { $name }
ui-copied = Copiado
ui-copy-by-hand = Seleccionar y copiar
ui-consent = Consentimientos
ui-application = Aplicación
ui-no-details = sin detalles
ui-withdraw = Retirar
ui-withdraw-from = Retirar su consentimiento a { $app }
ui-withdraw-text = { $app } volverá a preguntarle cuando la abra.
ui-withdrawn = Se ha retirado su consentimiento a { $app }.
ui-no-consent = No ha permitido a ninguna aplicación saber sobre usted.
ui-delete-account = Eliminar la cuenta
ui-delete-account-text = Se eliminará su cuenta, con sus sesiones, tokens y segundos factores.
ui-colours = Colores
ui-colours-system = Como el sistema
ui-colours-light = Claro
ui-colours-dark = Oscuro
ui-colours-switch = Colores: { $now }. Cambiar a: { $next }
ui-account-of = { $initials }, cuenta de { $username }
ui-notifications = Notificaciones
ui-notifications-unread = Notificaciones, { $count } sin leer
ui-no-notifications = No hay notificaciones nuevas. Aquí aparece lo que las reglas de notificación le comunican.
ui-notice = aviso
ui-warning = advertencia
ui-alert = alerta
ui-show-event = Ver evento
ui-mark-seen = Marcar como vista
ui-clear-all = Borrar todas
ui-acting = Usted es { $original } y actúa como { $username }.
ui-stop-acting = Dejar de actuar como esta persona
ui-session-ended = Su sesión ha terminado
ui-confirm-you = Confirme que es usted
ui-other-person = Ha iniciado sesión como { $other }, y esta página es de { $name }. Cierre la sesión e iníciela como { $name }, o recargue esta página para seguir como { $other }.
ui-prove = Esto cambia cómo alguien inicia sesión, así que inicie sesión una vez más. Se hará en cuanto vuelva.
ui-sign-in-again = Inicie sesión de nuevo como { $name } para continuar. Lo que escribió sigue aquí y se enviará en cuanto vuelva.
ui-blocked = El navegador no abrió ninguna ventana. Abra este servidor en otra pestaña, inicie sesión y vuelva.
ui-waiting = Esperando a que inicie sesión en la otra ventana.
ui-reload-page = Recargar la página
ui-sign-out-person = Cerrar la sesión de { $name }
ui-not-now = Ahora no
ui-not-proved = No se ha cambiado nada, porque no volvió a iniciar sesión.
ui-not-signed-in = No volvió a iniciar sesión. Lo que escribió sigue aquí.
ui-not-found = No encontrado
ui-not-loaded = No se pudo cargar
ui-go-back = Volver
ui-try-again = Reintentar
ui-dismiss = Descartar
ui-fields-wrong = Revise algunos campos.
ui-error-denied = No puede hacer esto. Pida el permiso a un administrador.
ui-error-gone = Esto ya no existe.
ui-error-changed = Otra persona lo modificó entretanto. Recargue e inténtelo de nuevo.
ui-error-often = Demasiadas solicitudes. Espere un momento e inténtelo de nuevo.
ui-error-busy = El servidor está ocupado o no está listo. Inténtelo de nuevo en un momento.
ui-error-other = El servidor respondió con un error ({ $status }). Su registro dice por qué.
ui-unreachable = No se pudo acceder al servidor. Compruebe la conexión e inténtelo de nuevo.
ui-signed-in = Ha iniciado sesión
ui-signed-in-text = Cierre esta ventana y siga en la otra. Lo que escribió allí sigue ahí.
ui-now = ahora mismo
ui-soon = en un momento
