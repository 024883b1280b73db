## What every page may say

continue = Continuar
cancel = Cancelar
or = ou
yes = Sim
no = Não
sign-in = Entrar
sign-out = Sair
log-in = Entrar
try-again = Tentar de novo
switch-account = Trocar de conta
my-applications = Meus aplicativos
start-page = Ir para a página inicial
copy = Copiar
copied = Copiado
print = Imprimir
request-number = Solicitação
run-number = Protocolo
why = Por quê? (administradores)
not-you = Não é você?
signed-in-as = Você entrou como { $person }.
ask-for-access = Se você precisa de { $app }, fale com os responsáveis por { $brand } e informe o número abaixo.
one-moment = Um momento
press-button = Se nada acontecer, aperte o botão.
sent-on = Você está sendo redirecionado.
show = Mostrar
hide = Ocultar
show-password = Mostrar senha
hide-password = Ocultar senha
caps-lock = O Caps Lock está ativado.
needs-script = Esta página precisa de JavaScript. Para entrar, não é necessário.
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
    [one] { $count } dia
    [many] { $count } de dias
   *[other] { $count } dias
}

## Sign in

username-label = Nome de usuário
email-label = E-mail
upn-label = UPN
either = { $one } ou { $other }
password-label = Senha
enter-password = Digite sua senha
forgot-password = Esqueceu a senha?
forgot-either = Esqueceu o nome de usuário ou a senha?
remember-me = Lembrar de mim neste dispositivo
use-security-key = Usar uma chave de segurança
continue-with = Continuar com { $source }
no-account = Não tem conta?
sign-up = Cadastre-se
to-continue-to = para continuar em { $app }
stay-signed-in = Continuar conectado?
stay-signed-in-hint = Escolha Sim só em um dispositivo que ninguém mais usa.
are-you-a-person = Você é uma pessoa?
person-needs-script = Esta página verifica se você é uma pessoa e precisa de JavaScript para isso. Ele está desativado neste navegador.
person-failed = A verificação não funcionou. Recarregue a página para tentar de novo.
person-unreachable = Não foi possível acessar o serviço que verifica se você é uma pessoa.

## Passwords

strength-hint = Melhor longa do que complicada: quatro ou cinco palavras sem relação bastam.
strength-short = Curta demais.
strength-weak = Fraca. Pode ser adivinhada em minutos.
strength-fair = Razoável. Pode ser adivinhada off-line em dias.
strength-strong = Forte. Levaria anos para ser adivinhada off-line.
strength-very-strong = Muito forte. Levaria séculos para ser adivinhada off-line.

## Second factors and passkeys

confirm-you = Confirme que é você
passkey-sign-in = Entrar com uma chave de acesso
passkey-asks = Seu navegador pede sua chave de acesso ou chave de segurança.
passkey-use = Usar uma chave de acesso
passkey-needs-script = As chaves de acesso precisam de JavaScript, que está desativado neste navegador.
passkey-unsupported = Este navegador não aceita chaves de acesso, ou a página não foi aberta por HTTPS.
passkey-exists = Você já tem uma chave de acesso nesse dispositivo. Use outro dispositivo ou a que você tem.
passkey-address = As chaves de acesso não funcionam neste endereço. Abra a página pelo nome dela, por HTTPS.
passkey-not-made = Nenhuma chave de acesso foi criada. Você pode tentar de novo.
passkey-not-used = Nenhuma chave de acesso foi usada. Você pode tentar de novo.
passkey-browser-failed = Seu navegador informa um erro: { $reason }
passkey-unknown = Esta chave de acesso não é conhecida aqui. Talvez tenha sido removida.
passkey-refused = Esta chave de acesso não foi aceita. Tente de novo.
passkey-set-up = Configurar uma chave de acesso
passkey-set-up-hint = Com ela você entra usando a digital, o rosto, um PIN ou uma chave de segurança.
passkey-set-up-where = Seu navegador pergunta onde guardá-la: neste dispositivo, em um gerenciador de senhas, no celular ou em uma chave de segurança. Você pode configurar várias.
factor-set-up = Configurar um segundo fator
factor-set-up-hint = Para entrar aqui, uma senha não basta. Escolha o que você quer usar.
factor-recovery-code = Código de recuperação
factor-recovery-code-hint = Cada um funciona uma única vez.
factor-recovery-code-use = Usar um código de recuperação
factor-mail-code = Código do e-mail
factor-mail-code-use = Receber um código por e-mail
factor-message-code = Código da mensagem
factor-message-code-use = Receber um código por SMS
factor-duo-code = Código do Duo Mobile
factor-duo-use = Usar o Duo
factor-app-code = Código do aplicativo autenticador
factor-app-use = Usar o aplicativo autenticador
factor-sent-to = Enviamos para { $to }.
factor-code-wrong = Este código está errado ou já foi usado.
factor-app-code-wrong = Este código está errado ou já foi usado. Espere o próximo.
factor-duo-refused = O Duo não aceitou este código.
factor-ask-phone = Perguntar no meu celular
code-sent-to = Enviamos um código para { $to }.
send-code = Enviar um código
send-another-code = Enviar outro código
use-another-address = Usar outro endereço
use-another-number = Usar outro número
mail-codes-set-up = Configurar códigos por e-mail
mail-codes-set-up-hint = De agora em diante, para entrar também será pedido um código enviado ao seu endereço.
mail-codes-address = Endereço de e-mail
text-codes-set-up = Configurar códigos por SMS
text-codes-set-up-hint = Enviamos um código ao seu celular para verificar que o número é seu.
text-codes-number = Número de telefone
text-codes-number-hint = Com o código do país, por exemplo +49 30 123456.
app-set-up = Configurar um aplicativo autenticador
app-set-up-hint = De agora em diante, para entrar também será pedido um código do seu celular.
app-scan = Escaneie isto com um aplicativo autenticador, por exemplo Google Authenticator, Aegis ou 1Password.
app-qr = Código QR para o aplicativo autenticador
app-no-scan = Não consegue escanear?
app-type-key = Digite esta chave no aplicativo, ou
app-open = abra um aplicativo neste dispositivo
app-code = Código do aplicativo
app-code-hint = O aplicativo mostra um novo a cada 30 segundos.
duo-set-up = Configurar o Duo
duo-set-up-hint = De agora em diante, ao entrar também haverá uma pergunta no seu celular.
duo-scan = Escaneie isto com o aplicativo Duo Mobile e continue.
duo-qr = Código QR para o Duo Mobile
duo-open = Abrir o Duo Mobile neste dispositivo
duo-waits = O Duo ainda não conhece seu celular. Primeiro escaneie o código com o Duo Mobile.
recovery-codes-keep = Guarde seus códigos de recuperação
recovery-codes-keep-hint = Cada um permite entrar uma vez quando você não tem à mão o outro segundo fator.
recovery-codes-print = Imprima estes códigos ou salve-os em um gerenciador de senhas. Eles não serão mostrados de novo.
recovery-codes-saved = Já salvei

## Consent

consent-wants = quer saber quem você é
consent-new = { $what } (novo)
consent-nothing = Só é enviado um número que representa você.
consent-back-to = Você voltará para { $target }.
consent-withdraw = Você pode retirar isso em Configurações, Consentimentos.
consent-name = Seu nome e nome de usuário
consent-email = Seu endereço de e-mail
consent-groups = Seus grupos
consent-away = Acesso enquanto você está ausente
consent-away-hint = Sem perguntar de novo, até você retirar

## Recovery and links

check-mail = Verifique seu e-mail
check-mail-confirm = Enviamos um link ao endereço informado. Abra-o para confirmar que o endereço é seu.
check-mail-recovery = Se houver uma conta com esses dados, um e-mail com um link está a caminho.
check-mail-note = O link funciona uma vez, por { $duration }. Você pode abri-lo em outro navegador.
check-mail-again = O e-mail está sendo enviado de novo. Veja também a pasta de spam.
send-it-again = Enviar de novo
link-signs-in = Este link faz você entrar, uma única vez.
link-works-once = Este link funciona uma única vez. Continue quando quiser.
link-expired = Este link não é mais válido
link-expired-why = Ele já foi usado, expirou ou não é para a conta com a qual você entrou. Peça um novo.

## The own account

delete-account = Excluir sua conta?
delete-account-warning = Sua conta será excluída, com suas sessões, tokens e segundos fatores. Isso não pode ser desfeito.
delete-account-do = Excluir minha conta
asked-to-sign-out = Pedem que você saia aqui.
language-of-browser = Automático (idioma do navegador)

## Sign out

sign-out-question = Sair?
logged-out = Você saiu
logged-out-of = Você saiu de { $app }
still-signed-in = Você continua conectado em { $brand }.
log-out-of = Sair de { $brand }
log-back-into = Entrar de novo em { $app }
back-to-overview = Voltar ao início
signed-out = Sessão encerrada
signed-out-text = Você saiu.
signed-out-unregistered = Você saiu. A solicitação deveria levar você a um endereço que o aplicativo não registrou.
sign-out-asked-by = { $app } pede que você saia aqui também.
sign-out-all-the-same = Mesmo assim, você pode sair aqui.
sign-out-here = Sair aqui mesmo assim
sign-out-not-understood = Pedido de saída não compreendido
go-to = Ir para { $app }
go-on-to = Seguir para { $app }
redirecting = Redirecionando…
redirecting-to-dots = Redirecionando para { $app }…
signing-out = Saindo
signing-out-text = Estamos saindo dos seus aplicativos.
signed-out-everywhere = Você saiu daqui e dos seus aplicativos.
signed-out-here = Você saiu daqui
signed-out-not-all = Não foi possível sair de todos os aplicativos.
sign-out-asked = Seu navegador pediu a ele que encerre sua sessão
sign-out-open = Talvez sua sessão ainda esteja aberta lá.
sign-out-trying = Ainda sem resposta. O servidor continuará tentando por alguns minutos.
sign-out-failed = Sem resposta. Talvez sua sessão ainda esteja aberta lá.
open-it = Abrir

## Refusals

open-denied = Você não pode abrir { $app }
sign-in-denied = Você não pode entrar
go-on-denied = Você não pode continuar aqui
denied-generic = Sua conta está em ordem; este aplicativo não é para ela.
denied-group = Sua conta está em ordem; este aplicativo é para o grupo { $groups }.
denied-groups = Sua conta está em ordem; este aplicativo é para os grupos { $groups }.
denied-rule = Esta regra ({ $rule }) não é atendida.
denied-account = Esta etapa não é para a conta com a qual você entrou.
denied-nobody = Esta etapa não está disponível para você agora.
denied-passwords = Senhas erradas demais. Comece de novo ou peça uma nova.
set-up-finished = A instalação terminou
set-up-finished-why = Já existe um administrador; esta página permanece fechada.
welcome-to = Boas-vindas a { $brand }
set-up-hint = Crie o primeiro administrador. Depois esta página se fecha para sempre.
set-up-username = Seu nome de usuário é akadmin. Você pode mudá-lo depois.
insiders-only = Esta interface é só para usuários internos.
insiders-only-why = Sua conta está em ordem. Abra o aplicativo que quer usar pelo endereço dele.
administrators-only = Esta parte é para administradores
administrators-only-why = Sua conta está em ordem; só não há nada para ela fazer aqui.
no-address = Este aplicativo não tem endereço para abrir. Um administrador pode dar a ele uma URL de início.
denied-permission = Acesso negado
denied-request = A solicitação foi negada.
denied-no-application = Aplicativo não encontrado: este provedor ainda não está atribuído a nenhum.
denied-changed = O aplicativo foi alterado nesse meio-tempo.
denied-saml-set-up = A entrada neste aplicativo não está configurada corretamente.
denied-rule-failed = Uma regra que decide sobre esta etapa falhou ou foi excluída. Peça a um administrador que verifique.
denied-flow-changed = Um administrador alterou este processo enquanto você estava nele.
denied-server-updated = O servidor foi atualizado nesse meio-tempo.
denied-stage-deleted = Esta etapa foi excluída nesse meio-tempo.
denied-question-deleted = Uma pergunta desta página foi excluída.
denied-account-gone = Esta conta não existe mais.
denied-acting = Você está agindo como outra pessoa. Só ela pode configurar o próprio segundo fator.
denied-acting-delete = Você está agindo como outra pessoa. Só ela pode excluir a própria conta.
denied-sign-in-first = Entre antes de configurar um segundo fator.
denied-sign-in-first-delete = Entre antes de excluir sua conta.
denied-other-account = Este link é de outra conta.
denied-mail = O e-mail não pode ser enviado. Peça a um administrador que verifique.
denied-no-factor = Nenhum segundo fator (permitido) está configurado.
denied-invitation = Convite inválido ou não encontrado
denied-invitation-signed-in = Você já tem uma conta. Saia para usar um convite.
denied-set-up-done = A instalação já terminou. Entre com a conta criada.
denied-update = Não foi possível salvar a conta. Tente de novo mais tarde.

## Signing in by a source

source-refused = Não é possível entrar com { $source }
source-some = esta fonte
source-unknown = Esta fonte não existe ou está desativada.
source-acting = Você está agindo como outra pessoa. Só ela pode conectar uma identidade própria.
source-connect = Conectar { $source }?
source-connect-text = A partir daí, quem entrar em { $source } como você entrará aqui como { $user }.
source-connect-action = Conectar
source-over = Demorou demais, já foi feito ou foi começado em outro navegador. Comece de novo.
source-gone = Esta fonte foi desativada ou excluída enquanto você entrava.
source-unnamed = A fonte não disse quem você é.
source-rules = As regras desta fonte não deixam você entrar.
source-unreadable = Uma regra deste servidor não conseguiu ler o que a fonte disse sobre você. Peça a um administrador que verifique.
source-no-enrollment = Esta fonte não cria contas.
source-no-flow = O fluxo configurado não existe.
source-connected-elsewhere = Esta identidade está conectada a outra conta, ou sua conta a outra identidade de { $source }.
source-somebody-else = Você entrou aqui com uma conta que não está conectada a esta identidade. Saia primeiro, ou conecte-a nas suas configurações.
source-denied = A entrada com { $source } foi recusada. Entre da forma como você se cadastrou.
source-elsewhere = Esta identidade está conectada a outra conta ou foi desconectada nesse meio-tempo.
source-groups = Não foi possível atualizar os grupos. Tente mais tarde.
source-not-waiting = O que você fazia terminou nesse meio-tempo ou é de outra conta. Comece de novo.
source-no-account = Nenhuma conta foi encontrada para esta identidade.
source-missing = A fonte não existe
certificate-missing = É necessário um certificado e nenhum foi apresentado.
certificate-of-nobody = Nenhuma conta corresponde a este certificado.
source-wrong = Esta fonte não está bem configurada. Um administrador encontra o motivo nos eventos.

## Connecting a device

device-title = Conectar um dispositivo
device-text = Digite o código que o dispositivo mostra.
device-code = Código no dispositivo
device-code-help = Nove dígitos, com ou sem espaços.
device-unknown = Nenhum dispositivo espera com este código. Veja o dispositivo: talvez ele já mostre um novo.
device-sign-in = Entrar em { $app } em um dispositivo?
device-shows = Um dispositivo à sua frente mostra este código?
device-warning = Quem estiver com esse dispositivo entrará em { $app } como você. Se alguém enviou a você este código ou um link para esta página, recuse.
device-deny = Recusar
device-allow = Permitir
device-gone = Este código expirou ou já foi respondido. Comece de novo no dispositivo: ele mostrará outro.
device-acting = Você está agindo como outra pessoa. Só ela pode conectar um dispositivo.
device-connected = O dispositivo está conectado
device-connected-text = Ele está entrando em { $app }. Volte para o dispositivo; você pode fechar esta página.
device-refused = O dispositivo foi recusado
device-refused-text = Ele não recebe nada de { $app }. Você pode fechar esta página.
device-none = Códigos de dispositivos não são aceitos aqui. Um administrador pode escolher um fluxo de código de dispositivo nas configurações da marca.

## Pages about errors

not-found = Página não encontrada
not-found-text = Não há nada neste endereço.
no-flow = Não há nenhum processo neste endereço.
too-much = É demais
too-much-text = Volte e informe menos, ou arquivos menores.
busy = Entradas demais ao mesmo tempo
busy-text = Espere alguns segundos e tente de novo.
unavailable = Indisponível no momento
unavailable-text = O servidor não consegue acessar o banco de dados. Espere alguns segundos e tente de novo.
broken = Algo deu errado aqui
broken-text = Não é culpa sua. Tente de novo em um instante.
address-received = Endereço recebido
request-error = Erro na solicitação
client-id-error = Erro no Client ID
redirect-error = Erro na URI de redirecionamento
not-found-short = Não encontrado
not-set-up = Não configurado
begin-again = Comece de novo
begin-again-text = A entrada em { $app } demorou demais ou já tinha terminado. Abra o aplicativo de novo.
no-such-page = A página solicitada não existe.
client-unknown = Este servidor não conhece o aplicativo que enviou você aqui. Os responsáveis por ele devem comparar o Client ID com o da página do provedor.
redirect-missing = O aplicativo não disse para onde voltar. Os responsáveis por ele devem definir o endereço de retorno (redirect_uri).
redirect-unregistered = O aplicativo pediu para voltar a um endereço que não registrou. Os responsáveis por ele devem adicioná-lo, letra por letra, às Redirect URIs do provedor.
no-saml-application = Não há aqui um aplicativo que entre com SAML. O endereço está certo?
saml-refused = { $name } enviou uma mensagem que não é aceita aqui. Comece de novo; se esta página voltar, envie o que está abaixo a quem cuida de { $name }.
saml-rule = Regra
saml-wrong = O que está errado

## What was wrong with an answer

error-name-and-password = O nome e a senha não combinam. Tente de novo.
error-uid-empty = Digite seu nome de usuário ou e-mail.
error-password-empty = Digite sua senha.
error-code-empty = Digite o código.
error-not-right = Isto não está certo.
error-not-accepted = Estas respostas não são aceitas.
error-password = Senha incorreta
error-failed = Não foi possível entrar.
error-page-too-old = Esta página ficou aberta tempo demais, ou os cookies estão bloqueados. Tente de novo.
error-wait = { $seconds ->
    [one] Tentativas demais. Tente de novo em { $seconds } segundo.
    [many] Tentativas demais. Tente de novo em { $seconds } de segundos.
   *[other] Tentativas demais. Tente de novo em { $seconds } segundos.
}
error-wait-one = Tentativas demais. Tente de novo em 1 segundo.
error-code = O código não confere
error-code-limit = Não é possível enviar mais códigos agora. Tente de novo em uma hora.
error-code-unsent = O código não pode ser enviado. Peça a um administrador que verifique.
error-message-unsent = O SMS não pode ser enviado. Peça a um administrador que verifique.
error-message-refused = O provedor de SMS recusou o envio.
error-message-number = Não é possível enviar SMS a este número. Confira-o.
error-number = Digite um número de telefone válido com o código do país: +49 30 123456.
error-mail-limit = Já foi enviado quantas vezes é possível. Comece de novo mais tarde.
error-required = Este campo é obrigatório.
error-blank = Este campo não pode ficar vazio.
error-too-long = { $count ->
    [one] No máximo { $count } caractere.
    [many] No máximo { $count } de caracteres.
   *[other] No máximo { $count } caracteres.
}
error-integer = Digite um número inteiro.
error-email = Digite um endereço de e-mail válido.
error-date = Digite a data assim: AAAA-MM-DD.
error-time = Digite a data e a hora assim: AAAA-MM-DDThh:mm.
error-file-too-large = O arquivo é grande demais: no máximo 100 KB.
error-passwords-differ = As senhas não são iguais.
error-username-taken = Este nome de usuário já está em uso.
error-factor-code = Código inválido. Confira a hora do seu dispositivo e tente de novo.
error-device = Dispositivo inválido
error-device-refused = A verificação falhou
error-device-type = Este tipo de dispositivo não é permitido. Fale com os administradores de { $brand }.
error-duo-denied = O Duo negou o acesso
error-duo-waiting = Ninguém respondeu ainda no celular.
error-duo-unavailable = O Duo não pode ser configurado agora. Peça a um administrador que verifique.
error-duo-silent = O Duo não respondeu. Tente de novo.
error-duo-exists = Este dispositivo já está configurado.
error-captcha-token = A verificação falhou
error-captcha = Resposta inválida ao captcha
error-captcha-retry = Resposta inválida ao captcha. Tente de novo.
error-password-rules = A senha não atende às regras.
error-password-weak = A senha é fraca demais.
error-password-leaked = { $count ->
    [one] A senha está em { $count } lista pública.
    [many] A senha está em { $count } de listas públicas.
   *[other] A senha está em { $count } listas públicas.
}
error-password-expired = A senha expirou.
error-password-short = A senha precisa ter pelo menos 8 caracteres.
error-change-username = Você não pode alterar o nome de usuário.
error-change-name = Você não pode alterar o nome.
error-change-email = Você não pode alterar o endereço de e-mail.

## Shipped texts of stored objects

shipped-choose-username = Boas-vindas a { $brand }! Escolha um nome de usuário.
shipped-change-password = Alterar a senha
shipped-redirecting = Redirecionando para { $app }
shipped-update-info = Atualizar seus dados
shipped-logged-out = Você saiu de { $app }.
shipped-invalidation = Sair
shipped-reset-password = Redefinir a senha
shipped-delete-account = Excluir sua conta
shipped-name = Nome
shipped-locale = Idioma
shipped-password-repeat = Senha (repetir)
shipped-admin-email = E-mail do administrador
shipped-scope-email = Endereço de e-mail
shipped-scope-profile = Dados gerais do perfil
shipped-scope-entitlements = Permissões no aplicativo
shipped-scope-offline = Pedir novos tokens sem a sua participação
shipped-scope-api = Acesso à API em seu nome
shipped-scope-groups = Participação em grupos
shipped-scope-github-user = Compatível com GitHub: acesso aos seus dados de usuário
shipped-scope-github-email = Compatível com GitHub: acesso aos seus e-mails
shipped-scope-github-groups = Compatível com GitHub: acesso aos seus grupos

## Help

help = Ajuda
help-your-settings = Suas configurações
help-password = Não lembro minha senha
help-password-answer = Escolha “Esqueceu a senha?” na página de entrada. Se não aparecer, um administrador pode enviar um link a você.
help-lost = Perdi meu celular ou minha chave de segurança
help-lost-answer = Entre com um dos seus códigos de recuperação. Se não tiver, peça a um administrador que remova da sua conta o dispositivo perdido.
help-attempts = Diz que houve tentativas demais
help-attempts-answer = Espere o tempo indicado. Em um navegador no qual você já entrou, outras pessoas não podem fazer você esperar.
help-refused = Um aplicativo não me deixa entrar
help-refused-answer = A página diz por quê. Informe o número no fim da página a um administrador, que pode ver como foi decidido.
help-data = Quero ver ou mudar o que está guardado sobre mim
help-data-answer = Abra suas configurações: lá estão seus dados, dispositivos, sessões e consentimentos.

## Mails

mail-hello = Olá, { $name }:
mail-sent-by = Enviado por { $product }.
mail-link-once = O link funciona uma vez, por { $duration }.
mail-confirm-subject = Confirme seu endereço
mail-confirm-welcome = Boas-vindas!
mail-confirm-text = Confirme que este endereço é seu e sua conta estará pronta:
mail-confirm-do = Confirmar o endereço
mail-confirm-otherwise = Se você não pediu uma conta, não faça nada.
mail-reset-subject = Escolha uma nova senha
mail-reset-text = alguém pediu uma nova senha para sua conta { $username }. Se foi você, escolha aqui:
mail-reset-otherwise = Se não foi você, não faça nada: sua senha continua a mesma.
mail-code-subject = Seu código de entrada
mail-code-text = este é o seu código:
mail-code-once = Ele funciona uma vez, por { $duration }.
mail-code-otherwise = Não o dê a ninguém. Se você não o pediu, outra pessoa conhece sua senha: mude-a.
mail-factor-added-subject = Um segundo fator foi adicionado à sua conta
mail-factor-removed-subject = Um segundo fator foi removido da sua conta
mail-factor-added = um segundo fator foi adicionado à sua conta { $username }:
mail-factor-removed = um segundo fator foi removido da sua conta { $username }:
mail-factor-by = Isso foi feito por { $by }.
mail-factor-by-from = Isso foi feito por { $by }, a partir de { $address }.
mail-factor-from = Isso foi feito a partir de { $address }.
mail-factor-otherwise = Se foi você ou se você sabe disso, não precisa fazer nada. Caso contrário, mude sua senha e confira seus segundos fatores, ou peça ao administrador que bloqueie a conta.
mail-notification = Notificação de { $product }: { $what }
mail-severity = Gravidade
mail-for = Para
mail-by = Por
mail-about = Sobre
mail-notice = Aviso
mail-warning = Advertência
mail-alert = Alerta
mail-sent-over = Enviado por { $product } via { $transport }.
class-static = códigos de recuperação
class-totp = aplicativo autenticador
class-webauthn = chave de acesso ou chave de segurança
class-duo = Duo
class-sms = códigos por SMS
class-email = códigos por e-mail

## The library and the person's settings

ui-my-applications = Meus aplicativos
ui-settings = Configurações
ui-admin-interface = Administração
ui-sign-out = Sair
ui-sign-in = Entrar
ui-main = Menu principal
ui-loading = Carregando
ui-reload = Recarregar
ui-find = Buscar um aplicativo
ui-no-apps = Ainda não há aplicativos
ui-no-apps-admin = Crie o primeiro; ele aparecerá aqui para todos que podem abri-lo.
ui-no-apps-user = Nada foi liberado para você ainda. Fale com o administrador.
ui-create-app = Criar um aplicativo
ui-applications = Aplicativos
ui-no-address = Não tem endereço para abrir
ui-edit = Editar
ui-edit-it = Editar { $name }
ui-nothing-matches = Nada corresponde a “{ $text }”
ui-requests = Aplicativos pedem que você entre
ui-request = { $application } pede que você entre
ui-request-answer = Responder
ui-details = Seus dados
ui-username = Nome de usuário
ui-name = Nome
ui-email = E-mail
ui-groups = Grupos
ui-none = Nenhum
ui-ways = Formas de entrar
ui-password = Senha
ui-password-hint = Mude-a se outra pessoa puder conhecê-la.
ui-change-password = Alterar senha
ui-mfa = Segundos fatores
ui-enroll = Configurar
ui-mfa-empty = Nenhum ainda. Com um segundo fator, uma senha roubada não basta para entrar como você.
ui-sources = Contas conectadas
ui-sources-text = Contas de outros lugares com as quais você pode entrar aqui.
ui-connect = Conectar
ui-connected = Conectada
ui-disconnect = Desconectar
ui-disconnect-from = Desconectar { $source }
ui-disconnect-text = Você não poderá entrar com { $source } até conectar de novo.
ui-disconnected = { $source } está desconectado.
ui-not-set-up = Não configurado
ui-set-up-when = configurado { $when }
ui-used-when = usado { $when }
ui-never-used = nunca usado
ui-ends-when = termina { $when }
ui-endless = não termina
ui-rename = Renomear
ui-rename-it = Renomear { $name }
ui-name-hint = Para diferenciar um do outro.
ui-delete = Excluir
ui-delete-it = Excluir { $name }
ui-deleted = { $name } foi excluído.
ui-device-gone = Você não poderá mais entrar com ele. Isso não pode ser desfeito; ele pode ser configurado de novo.
ui-save = Salvar
ui-cancel = Cancelar
ui-close = Fechar
ui-create = Criar
ui-sessions = Sessões
ui-sign-out-elsewhere = Sair de todos os outros lugares
ui-sign-out-elsewhere-text = Todos os outros navegadores e dispositivos em que você entrou serão desconectados, e o que os aplicativos obtiveram por eles termina. Esta sessão continua.
ui-sessions-ended = { $count ->
    [one] { $count } sessão encerrada.
    [many] { $count } de sessões encerradas.
   *[other] { $count } sessões encerradas.
}
ui-nowhere-else = Você não estava conectado em nenhum outro lugar.
ui-browser-on = { $browser } em { $system }
ui-unknown-browser = Navegador desconhecido
ui-current-session = Sessão atual
ui-end = Encerrar
ui-end-session = Encerrar a sessão em { $name }
ui-end-session-text = Esse navegador será desconectado, e o que os aplicativos obtiveram por ele termina.
ui-no-session = Nenhuma sessão.
ui-tokens = Tokens e senhas de aplicativo
ui-create-token = Criar token
ui-create-app-password = Criar senha de aplicativo
ui-token = Token
ui-app-password = Senha de aplicativo
ui-token-created = Criado. Copie da lista.
ui-no-tokens = Nenhum. Com um token, um programa usa a API por você; uma senha de aplicativo permite entrar onde não se pode mostrar uma página.
ui-token-gone = Os programas que o usam não poderão mais entrar como você. Isso não pode ser desfeito.
ui-identifier = Identificador
ui-identifier-hint = Um nome para encontrá-lo depois.
ui-identifier-wrong = Use apenas letras, números, - e _.
ui-identifier-taken = Você já tem um com este nome.
ui-description = Descrição
ui-copy = Copiar
ui-copy-it = Copiar { $name }
ui-copied = Copiado
ui-copy-by-hand = Selecione e copie
ui-consent = Consentimentos
ui-application = Aplicativo
ui-no-details = sem detalhes
ui-withdraw = Retirar
ui-withdraw-from = Retirar seu consentimento para { $app }
ui-withdraw-text = { $app } perguntará de novo na próxima vez que você abrir.
ui-withdrawn = Seu consentimento para { $app } foi retirado.
ui-no-consent = Você não permitiu que nenhum aplicativo soubesse algo sobre você.
ui-delete-account = Excluir conta
ui-delete-account-text = Sua conta será excluída, com suas sessões, tokens e segundos fatores.
ui-colours = Cores
ui-colours-system = Como o sistema
ui-colours-light = Claro
ui-colours-dark = Escuro
ui-colours-switch = Cores: { $now }. Mudar para: { $next }
ui-account-of = { $initials }, conta de { $username }
ui-notifications = Notificações
ui-notifications-unread = Notificações, { $count } não lidas
ui-no-notifications = Nenhuma notificação nova. Aqui aparece o que as regras de notificação informam a você.
ui-notice = aviso
ui-warning = atenção
ui-alert = alerta
ui-show-event = Mostrar evento
ui-mark-seen = Marcar como lida
ui-clear-all = Limpar tudo
ui-acting = Você é { $original } e age como { $username }.
ui-stop-acting = Parar de agir como esta pessoa
ui-session-ended = Sua sessão terminou
ui-confirm-you = Confirme que é você
ui-other-person = Você entrou como { $other }, e esta página é de { $name }. Saia e entre como { $name }, ou recarregue a página para continuar como { $other }.
ui-prove = Isto muda como alguém entra, então entre mais uma vez. Será feito assim que você voltar.
ui-sign-in-again = Entre de novo como { $name } para continuar. O que você digitou ainda está aqui e será enviado assim que voltar.
ui-blocked = O navegador não abriu uma janela. Abra este servidor em outra aba, entre lá e volte.
ui-waiting = Esperando você entrar na outra janela.
ui-reload-page = Recarregar a página
ui-sign-out-person = Sair da conta de { $name }
ui-not-now = Agora não
ui-not-proved = Nada foi alterado, porque você não entrou de novo.
ui-not-signed-in = Você não entrou de novo. O que você digitou ainda está aqui.
ui-not-found = Não encontrado
ui-not-loaded = Não foi possível carregar
ui-go-back = Voltar
ui-try-again = Tentar de novo
ui-dismiss = Dispensar
ui-fields-wrong = Alguns campos precisam ser revistos.
ui-error-denied = Você não pode fazer isso. Peça a permissão a um administrador.
ui-error-gone = Isto não existe mais.
ui-error-changed = Outra pessoa alterou isto nesse meio-tempo. Recarregue e tente de novo.
ui-error-often = Solicitações demais. Espere um momento e tente de novo.
ui-error-busy = O servidor está ocupado ou não está pronto. Tente de novo em um momento.
ui-error-other = O servidor respondeu com um erro ({ $status }). O registro dele diz por quê.
ui-unreachable = Não foi possível acessar o servidor. Verifique a conexão e tente de novo.
ui-signed-in = Você entrou
ui-signed-in-text = Feche esta janela e continue na outra. O que você digitou lá ainda está lá.
ui-now = agora mesmo
ui-soon = em um momento
