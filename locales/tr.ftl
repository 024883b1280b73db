## What every page may say

continue = Devam et
cancel = İptal
or = veya
yes = Evet
no = Hayır
sign-in = Oturum aç
sign-out = Oturumu kapat
log-in = Oturum aç
try-again = Yeniden dene
switch-account = Hesap değiştir
my-applications = Uygulamalarım
start-page = Ana sayfaya git
copy = Kopyala
copied = Kopyalandı
print = Yazdır
request-number = İstek
run-number = Takip numarası
why = Neden? (yöneticiler)
not-you = Siz değil misiniz?
signed-in-as = { $person } olarak oturum açıldı.
ask-for-access = { $app } uygulamasına ihtiyacınız varsa { $brand } sorumlularına başvurun ve aşağıdaki numarayı bildirin.
one-moment = Bir saniye
press-button = Bir şey olmazsa düğmeye basın.
sent-on = Yönlendiriliyorsunuz.
show = Göster
hide = Gizle
show-password = Parolayı göster
hide-password = Parolayı gizle
caps-lock = Caps Lock açık.
needs-script = Bu sayfa için JavaScript gerekir. Oturum açmak için gerekmez.
duration-seconds = { $count ->
    [one] { $count } saniye
   *[other] { $count } saniye
}
duration-minutes = { $count ->
    [one] { $count } dakika
   *[other] { $count } dakika
}
duration-hours = { $count ->
    [one] { $count } saat
   *[other] { $count } saat
}
duration-days = { $count ->
    [one] { $count } gün
   *[other] { $count } gün
}

## Sign in

username-label = Kullanıcı adı
email-label = E-posta
upn-label = UPN
either = { $one } veya { $other }
password-label = Parola
enter-password = Parolanızı girin
forgot-password = Parolanızı mı unuttunuz?
forgot-either = Kullanıcı adınızı veya parolanızı mı unuttunuz?
remember-me = Beni bu cihazda hatırla
use-security-key = Güvenlik anahtarı kullan
continue-with = { $source } ile devam et
no-account = Hesabınız yok mu?
sign-up = Kaydolun
to-continue-to = { $app } uygulamasına devam etmek için
stay-signed-in = Oturum açık kalsın mı?
stay-signed-in-hint = Yalnızca başka kimsenin kullanmadığı bir cihazda Evet’i seçin.
are-you-a-person = İnsan mısınız?
person-needs-script = Bu sayfa insan olup olmadığınızı denetler ve bunun için JavaScript gerekir. Bu tarayıcıda kapalı.
person-failed = Denetim çalışmadı. Yeniden denemek için sayfayı yenileyin.
person-unreachable = İnsan olup olmadığınızı denetleyen hizmete ulaşılamıyor.

## Passwords

strength-hint = Uzun olması karmaşık olmasından iyidir: birbiriyle ilgisiz dört beş kelime yeter.
strength-short = Çok kısa.
strength-weak = Zayıf. Dakikalar içinde tahmin edilebilir.
strength-fair = Orta. Çevrimdışı olarak günler içinde tahmin edilebilir.
strength-strong = Güçlü. Çevrimdışı tahmin edilmesi yıllar sürer.
strength-very-strong = Çok güçlü. Çevrimdışı tahmin edilmesi yüzyıllar sürer.

## Second factors and passkeys

confirm-you = Siz olduğunuzu doğrulayın
passkey-sign-in = Geçiş anahtarıyla oturum aç
passkey-asks = Tarayıcınız geçiş anahtarınızı veya güvenlik anahtarınızı istiyor.
passkey-use = Geçiş anahtarı kullan
passkey-needs-script = Geçiş anahtarları için JavaScript gerekir; bu tarayıcıda kapalı.
passkey-unsupported = Bu tarayıcı geçiş anahtarlarını desteklemiyor veya sayfa HTTPS ile açılmadı.
passkey-exists = O cihazda zaten bir geçiş anahtarınız var. Başka bir cihaz veya elinizdekini kullanın.
passkey-address = Geçiş anahtarları bu adreste çalışmaz. Sayfayı adıyla ve HTTPS üzerinden açın.
passkey-not-made = Geçiş anahtarı oluşturulmadı. Yeniden deneyebilirsiniz.
passkey-not-used = Geçiş anahtarı kullanılmadı. Yeniden deneyebilirsiniz.
passkey-browser-failed = Tarayıcınız bir hata bildirdi: { $reason }
passkey-unknown = Bu geçiş anahtarı burada bilinmiyor. Kaldırılmış olabilir.
passkey-refused = Bu geçiş anahtarı kabul edilmedi. Yeniden deneyin.
passkey-set-up = Geçiş anahtarı ayarla
passkey-set-up-hint = Parmak izi, yüz, PIN veya güvenlik anahtarıyla oturum açmanızı sağlar.
passkey-set-up-where = Tarayıcınız nereye kaydedileceğini sorar: bu cihaza, bir parola yöneticisine, telefonunuza veya bir güvenlik anahtarına. Birden çok ayarlayabilirsiniz.
factor-set-up = İkinci faktör ayarla
factor-set-up-hint = Burada oturum açmak için parola yetmez. Ne kullanmak istediğinizi seçin.
factor-recovery-code = Kurtarma kodu
factor-recovery-code-hint = Her biri yalnızca bir kez çalışır.
factor-recovery-code-use = Kurtarma kodu kullan
factor-mail-code = E-postadaki kod
factor-mail-code-use = E-postayla kod al
factor-message-code = SMS’teki kod
factor-message-code-use = SMS ile kod al
factor-duo-code = Duo Mobile kodu
factor-duo-use = Duo kullan
factor-app-code = Kimlik doğrulama uygulamanızdaki kod
factor-app-use = Kimlik doğrulama uygulamasını kullan
factor-sent-to = { $to } adresine gönderdik.
factor-code-wrong = Bu kod yanlış veya daha önce kullanılmış.
factor-app-code-wrong = Bu kod yanlış veya daha önce kullanılmış. Bir sonrakini bekleyin.
factor-duo-refused = Duo bu kodu kabul etmedi.
factor-ask-phone = Telefonuma sor
code-sent-to = { $to } adresine bir kod gönderdik.
send-code = Kod gönder
send-another-code = Yeni kod gönder
use-another-address = Başka adres kullan
use-another-number = Başka numara kullan
mail-codes-set-up = E-postayla kodları ayarla
mail-codes-set-up-hint = Artık oturum açarken adresinize gönderilen bir kod da istenecek.
mail-codes-address = E-posta adresi
text-codes-set-up = SMS ile kodları ayarla
text-codes-set-up-hint = Numaranın sizin olduğunu doğrulamak için telefonunuza bir kod gönderiyoruz.
text-codes-number = Telefon numarası
text-codes-number-hint = Ülke koduyla, örneğin +49 30 123456.
app-set-up = Kimlik doğrulama uygulaması ayarla
app-set-up-hint = Artık oturum açarken telefonunuzdan bir kod da istenecek.
app-scan = Bunu bir kimlik doğrulama uygulamasıyla tarayın; örneğin Google Authenticator, Aegis veya 1Password.
app-qr = Kimlik doğrulama uygulamanız için QR kodu
app-no-scan = Tarayamıyor musunuz?
app-type-key = Bu anahtarı uygulamaya yazın ya da
app-open = bu cihazda bir uygulama açın
app-code = Uygulamadaki kod
app-code-hint = Uygulama her 30 saniyede bir yeni kod gösterir.
duo-set-up = Duo ayarla
duo-set-up-hint = Artık oturum açarken telefonunuzda da onay istenecek.
duo-scan = Bunu Duo Mobile uygulamasıyla tarayın, sonra devam edin.
duo-qr = Duo Mobile için QR kodu
duo-open = Duo Mobile’ı bu cihazda aç
duo-waits = Duo telefonunuzu henüz tanımıyor. Önce kodu Duo Mobile ile tarayın.
recovery-codes-keep = Kurtarma kodlarınızı saklayın
recovery-codes-keep-hint = Diğer ikinci faktörünüz yanınızda yokken her biri bir kez oturum açmanızı sağlar.
recovery-codes-print = Bu kodları yazdırın veya bir parola yöneticisine kaydedin. Bir daha gösterilmezler.
recovery-codes-saved = Kaydettim

## Consent

consent-wants = kim olduğunuzu bilmek istiyor
consent-new = { $what } (yeni)
consent-nothing = Yalnızca sizi temsil eden bir numara gönderilir.
consent-back-to = { $target } adresine döneceksiniz.
consent-withdraw = Bunu Ayarlar, Onaylar bölümünde geri çekebilirsiniz.
consent-name = Adınız ve kullanıcı adınız
consent-email = E-posta adresiniz
consent-groups = Gruplarınız
consent-away = Siz yokken erişim
consent-away-hint = Geri çekene kadar size yeniden sorulmadan

## Recovery and links

check-mail = E-postanıza bakın
check-mail-confirm = Girdiğiniz adrese bir bağlantı gönderdik. Adresin sizin olduğunu doğrulamak için bağlantıyı açın.
check-mail-recovery = Girdiğiniz bilgilere ait bir hesap varsa bağlantı içeren bir e-posta yolda.
check-mail-note = Bağlantı bir kez, { $duration } boyunca çalışır. Başka bir tarayıcıda açabilirsiniz.
check-mail-again = Bir kez daha gönderiliyor. İstenmeyen e-posta klasörüne de bakın.
send-it-again = Yeniden gönder
link-signs-in = Bu bağlantı bir kez oturum açmanızı sağlar.
link-works-once = Bu bağlantı bir kez çalışır. Hazır olduğunuzda devam edin.
link-expired = Bu bağlantı artık geçerli değil
link-expired-why = Daha önce kullanılmış, süresi dolmuş veya oturum açtığınız hesaba ait değil. Yenisini isteyin.

## The own account

delete-account = Hesabınız silinsin mi?
delete-account-warning = Hesabınız; oturumlarınız, belirteçleriniz ve ikinci faktörlerinizle birlikte silinecek. Bu geri alınamaz.
delete-account-do = Hesabımı sil
asked-to-sign-out = Burada oturumu kapatmanız isteniyor.
language-of-browser = Otomatik (tarayıcının dili)

## Sign out

sign-out-question = Oturum kapatılsın mı?
logged-out = Oturumunuz kapatıldı
logged-out-of = { $app } oturumunuz kapatıldı
still-signed-in = { $brand } oturumunuz hâlâ açık.
log-out-of = { $brand } oturumunu kapat
log-back-into = { $app } oturumunu yeniden aç
back-to-overview = Genel bakışa dön
signed-out = Oturum kapatıldı
signed-out-text = Oturumunuz kapatıldı.
signed-out-unregistered = Oturumunuz kapatıldı. İstek sizi uygulamanın kaydetmediği bir adrese gönderecekti.
sign-out-asked-by = { $app } burada da oturumu kapatmanızı istiyor.
sign-out-all-the-same = Yine de burada oturumu kapatabilirsiniz.
sign-out-here = Yine de burada oturumu kapat
sign-out-not-understood = Oturum kapatma isteği anlaşılamadı
go-to = { $app } uygulamasına git
go-on-to = { $app } uygulamasına devam et
redirecting = Yönlendiriliyor…
redirecting-to-dots = { $app } uygulamasına yönlendiriliyor…
signing-out = Oturum kapatılıyor
signing-out-text = Uygulamalarınızdaki oturumlar kapatılıyor.
signed-out-everywhere = Buradaki ve uygulamalarınızdaki oturumunuz kapandı.
signed-out-here = Buradaki oturum kapandı
signed-out-not-all = Her uygulamanın oturumu kapatılamadı.
sign-out-asked = Tarayıcınız oturumunuzu kapatmasını istedi
sign-out-open = Orada oturumunuz hâlâ açık olabilir.
sign-out-trying = Henüz ulaşılamadı. Sunucu birkaç dakika daha deneyecek.
sign-out-failed = Ulaşılamadı. Orada oturumunuz hâlâ açık olabilir.
open-it = Aç

## Refusals

open-denied = { $app } uygulamasını açamazsınız
sign-in-denied = Oturum açamazsınız
go-on-denied = Burada devam edemezsiniz
denied-generic = Hesabınızda sorun yok; bu uygulama yalnızca ona açık değil.
denied-group = Hesabınızda sorun yok; bu uygulama { $groups } grubu içindir.
denied-groups = Hesabınızda sorun yok; bu uygulama şu gruplar içindir: { $groups }.
denied-rule = Bu kural ({ $rule }) sağlanmıyor.
denied-account = Bu adım oturum açtığınız hesap için değil.
denied-nobody = Bu adım şu anda size açık değil.
denied-passwords = Çok fazla yanlış parola girildi. Baştan başlayın veya yeni parola isteyin.
set-up-finished = Kurulum tamamlandı
set-up-finished-why = Zaten bir yönetici var; bu sayfa kapalı kalır.
welcome-to = { $brand }: hoş geldiniz
set-up-hint = İlk yöneticiyi oluşturun. Ardından bu sayfa kalıcı olarak kapanır.
set-up-username = Kullanıcı adınız akadmin. Daha sonra değiştirebilirsiniz.
insiders-only = Bu arayüz yalnızca kurum içi kullanıcılar içindir.
insiders-only-why = Hesabınızda sorun yok. Kullanmak istediğiniz uygulamayı kendi adresinden açın.
administrators-only = Bu bölüm yöneticiler içindir
administrators-only-why = Hesabınızda sorun yok; yalnızca burada yapacağı bir şey yok.
no-address = Bu uygulamanın açılacak bir adresi yok. Bir yönetici ona başlatma adresi verebilir.
denied-permission = Erişim reddedildi
denied-request = İstek reddedildi.
denied-no-application = Uygulama bulunamadı: bu sağlayıcı henüz hiçbirine atanmamış.
denied-changed = Uygulama bu arada değiştirildi.
denied-saml-set-up = Bu uygulamada oturum açma doğru ayarlanmamış.
denied-rule-failed = Bu adıma karar veren bir kural başarısız oldu veya silindi. Bir yöneticiden bakmasını isteyin.
denied-flow-changed = Siz içindeyken bir yönetici bu akışı değiştirdi.
denied-server-updated = Sunucu bu arada güncellendi.
denied-stage-deleted = Bu adım bu arada silindi.
denied-question-deleted = Bu sayfanın bir sorusu silindi.
denied-account-gone = Bu hesap artık yok.
denied-acting = Başka biri olarak işlem yapıyorsunuz. İkinci faktörünü yalnızca kendisi ayarlayabilir.
denied-acting-delete = Başka biri olarak işlem yapıyorsunuz. Hesabını yalnızca kendisi silebilir.
denied-sign-in-first = İkinci faktör ayarlamadan önce oturum açın.
denied-sign-in-first-delete = Hesabınızı silmeden önce oturum açın.
denied-other-account = Bu bağlantı başka bir hesap için.
denied-mail = E-posta gönderilemiyor. Bir yöneticiden bakmasını isteyin.
denied-no-factor = Ayarlanmış (izin verilen) ikinci faktör yok.
denied-invitation = Davet geçersiz veya bulunamadı
denied-invitation-signed-in = Zaten bir hesabınız var. Davet kullanmak için oturumu kapatın.
denied-set-up-done = Kurulum zaten tamamlandı. Oluşturulan hesapla oturum açın.
denied-update = Hesap kaydedilemedi. Daha sonra yeniden deneyin.

## Signing in by a source

source-refused = { $source } ile oturum açamazsınız
source-some = bu kaynak
source-unknown = Böyle bir kaynak yok veya kapalı.
source-acting = Başka biri olarak işlem yapıyorsunuz. Kimliğini yalnızca kendisi bağlayabilir.
source-connect = { $source } bağlansın mı?
source-connect-text = Bundan sonra { $source } üzerinde sizin gibi oturum açan kişi burada { $user } olarak oturum açar.
source-connect-action = Bağla
source-over = Bu çok uzun sürdü, zaten yapıldı veya başka bir tarayıcıda başlatıldı. Baştan başlayın.
source-gone = Oturum açarken bu kaynak kapatıldı veya silindi.
source-unnamed = Kaynak kim olduğunuzu söylemedi.
source-rules = Bu kaynağın kuralları girmenize izin vermiyor.
source-unreadable = Bu sunucunun bir kuralı, kaynağın sizin hakkınızda söylediğini okuyamadı. Bir yöneticiden bakmasını isteyin.
source-no-enrollment = Bu kaynak hesap oluşturmuyor.
source-no-flow = Ayarlanan akış yok.
source-connected-elsewhere = Bu kimlik başka bir hesaba bağlı ya da hesabınız { $source } üzerindeki başka bir kimliğe bağlı.
source-somebody-else = Burada bu kimliğe bağlı olmayan bir hesapla oturum açtınız. Önce oturumu kapatın veya ayarlarınızdan bağlayın.
source-denied = { $source } ile oturum açma reddedildi. Kaydolduğunuz şekilde oturum açın.
source-elsewhere = Bu kimlik başka bir hesaba bağlı veya bu arada bağlantısı kesildi.
source-groups = Gruplar güncellenemedi. Daha sonra yeniden deneyin.
source-not-waiting = Yaptığınız şey bu arada bitti veya başka bir hesapla ilgili. Baştan başlayın.
source-no-account = Bu kimlik için hesap bulunamadı.
source-missing = Kaynak yok
certificate-missing = Bir sertifika gerekiyor ancak hiçbiri sunulmadı.
certificate-of-nobody = Bu sertifikaya ait bir hesap yok.
source-wrong = Bu kaynak doğru ayarlanmamış. Bir yönetici nedenini olaylarda bulur.

## Connecting a device

device-title = Cihaz bağla
device-text = Cihazın gösterdiği kodu yazın.
device-code = Cihazdaki kod
device-code-help = Boşluklu veya boşluksuz dokuz rakam.
device-unknown = Bu kodla bekleyen bir cihaz yok. Cihaza bakın: şimdi yeni bir kod gösteriyor olabilir.
device-sign-in = Bir cihazda { $app } oturumu açılsın mı?
device-shows = Önünüzdeki bir cihaz bu kodu gösteriyor mu?
device-warning = Bu cihaz kimdeyse { $app } uygulamasında sizin adınıza oturum açar. Bu kodu veya bu sayfanın bağlantısını size biri gönderdiyse reddedin.
device-deny = Reddet
device-allow = İzin ver
device-gone = Bu kodun süresi doldu veya kod zaten yanıtlandı. Cihazda yeniden başlayın: yeni bir kod gösterir.
device-acting = Başka biri olarak işlem yapıyorsunuz. Cihazı yalnızca o kişi bağlayabilir.
device-connected = Cihaz bağlandı
device-connected-text = { $app } oturumu açılıyor. Cihaza dönün; bu sayfayı kapatabilirsiniz.
device-refused = Cihaz reddedildi
device-refused-text = { $app } ona hiçbir şey vermez. Bu sayfayı kapatabilirsiniz.
device-none = Cihaz kodları burada kabul edilmiyor. Bir yönetici, marka ayarlarında bir cihaz kodu akışı seçebilir.

## Pages about errors

not-found = Sayfa bulunamadı
not-found-text = Bu adreste bir şey yok.
no-flow = Bu adreste bir akış yok.
too-much = Bu çok fazla
too-much-text = Geri dönün ve daha az veri veya daha küçük dosyalar girin.
busy = Aynı anda çok fazla oturum açma
busy-text = Birkaç saniye bekleyip yeniden deneyin.
unavailable = Şu anda kullanılamıyor
unavailable-text = Sunucu veritabanına ulaşamıyor. Birkaç saniye bekleyip yeniden deneyin.
broken = Burada bir şeyler ters gitti
broken-text = Sizin hatanız değil. Biraz sonra yeniden deneyin.
address-received = Alınan adres
request-error = İstek hatası
client-id-error = Client ID hatası
redirect-error = Yönlendirme adresi hatası
not-found-short = Bulunamadı
not-set-up = Ayarlanmamış
begin-again = Baştan başlayın
begin-again-text = { $app } oturumunu açma çok uzun sürdü veya zaten tamamlanmıştı. Uygulamayı yeniden açın.
no-such-page = İstediğiniz sayfa yok.
client-unknown = Bu sunucu sizi buraya gönderen uygulamayı tanımıyor. Sorumluları Client ID değerini sağlayıcının sayfasındakiyle karşılaştırmalı.
redirect-missing = Uygulama nereye dönüleceğini söylemedi. Sorumluları dönüş adresini (redirect_uri) ayarlamalı.
redirect-unregistered = Uygulama, kaydetmediği bir adrese dönmek istedi. Sorumluları bu adresi harfi harfine sağlayıcının Redirect URIs listesine eklemeli.
no-saml-application = Burada SAML ile oturum açan bir uygulama yok. Adres doğru mu?
saml-refused = { $name } burada kabul edilmeyen bir mesaj gönderdi. Yeniden başlayın; bu sayfa yine gelirse aşağıdakileri { $name } yöneticilerine iletin.
saml-rule = Kural
saml-wrong = Sorun

## What was wrong with an answer

error-name-and-password = Ad ve parola eşleşmiyor. Yeniden deneyin.
error-uid-empty = Kullanıcı adınızı veya e-posta adresinizi girin.
error-password-empty = Parolanızı girin.
error-code-empty = Kodu girin.
error-not-right = Bu doğru değil.
error-not-accepted = Bu yanıtlar kabul edilmedi.
error-password = Parola yanlış
error-failed = Oturum açılamadı.
error-page-too-old = Bu sayfa çok uzun süre açık kaldı veya çerezler engelli. Yeniden deneyin.
error-wait = { $seconds ->
    [one] Çok fazla deneme. { $seconds } saniye sonra yeniden deneyin.
   *[other] Çok fazla deneme. { $seconds } saniye sonra yeniden deneyin.
}
error-wait-one = Çok fazla deneme. 1 saniye sonra yeniden deneyin.
error-code = Kod eşleşmiyor
error-code-limit = Şu anda daha fazla kod gönderilemez. Bir saat sonra yeniden deneyin.
error-code-unsent = Kod gönderilemiyor. Bir yöneticiden bakmasını isteyin.
error-message-unsent = SMS gönderilemiyor. Bir yöneticiden bakmasını isteyin.
error-message-refused = SMS sağlayıcısı göndermeyi reddetti.
error-message-number = Bu numaraya SMS gönderilemiyor. Kontrol edin.
error-number = Ülke koduyla geçerli bir telefon numarası girin: +49 30 123456.
error-mail-limit = Gönderilebilecek kadar gönderildi. Daha sonra baştan başlayın.
error-required = Bu alan gerekli.
error-blank = Bu alan boş olamaz.
error-too-long = { $count ->
    [one] En çok { $count } karakter.
   *[other] En çok { $count } karakter.
}
error-integer = Bir tam sayı girin.
error-email = Geçerli bir e-posta adresi girin.
error-date = Tarihi şöyle girin: YYYY-AA-GG.
error-time = Tarih ve saati şöyle girin: YYYY-AA-GGTss:dd.
error-file-too-large = Dosya çok büyük: en çok 100 KB.
error-passwords-differ = Parolalar aynı değil.
error-username-taken = Bu kullanıcı adı alınmış.
error-factor-code = Kod geçersiz. Cihazınızın saatini kontrol edip yeniden deneyin.
error-device = Geçersiz cihaz
error-device-refused = Denetim başarısız
error-device-type = Bu cihaz türüne izin verilmiyor. { $brand } yöneticilerine başvurun.
error-duo-denied = Duo erişimi reddetti
error-duo-waiting = Telefonda henüz kimse yanıtlamadı.
error-duo-unavailable = Duo şu anda ayarlanamıyor. Bir yöneticiden bakmasını isteyin.
error-duo-silent = Duo yanıt vermedi. Yeniden deneyin.
error-duo-exists = Bu cihaz zaten ayarlı.
error-captcha-token = Denetim başarısız
error-captcha = Captcha yanıtı geçersiz
error-captcha-retry = Captcha yanıtı geçersiz. Yeniden deneyin.
error-password-rules = Parola kurallara uymuyor.
error-password-weak = Parola çok zayıf.
error-password-leaked = { $count ->
    [one] Parola { $count } herkese açık listede bulunuyor.
   *[other] Parola { $count } herkese açık listede bulunuyor.
}
error-password-expired = Parolanın süresi doldu.
error-password-short = Parola en az 8 karakter olmalıdır.
error-change-username = Kullanıcı adını değiştiremezsiniz.
error-change-name = Adı değiştiremezsiniz.
error-change-email = E-posta adresini değiştiremezsiniz.

## Shipped texts of stored objects

shipped-choose-username = { $brand }: hoş geldiniz! Bir kullanıcı adı seçin.
shipped-change-password = Parolayı değiştir
shipped-redirecting = { $app } uygulamasına yönlendiriliyor
shipped-update-info = Bilgilerinizi güncelleyin
shipped-logged-out = { $app } oturumunuz kapatıldı.
shipped-invalidation = Oturumu kapat
shipped-reset-password = Parolanızı sıfırlayın
shipped-delete-account = Hesabınızı silin
shipped-name = Ad
shipped-locale = Dil
shipped-password-repeat = Parola (yeniden)
shipped-admin-email = Yöneticinin e-postası
shipped-scope-email = E-posta adresi
shipped-scope-profile = Genel profil bilgileri
shipped-scope-entitlements = Uygulamadaki yetkiler
shipped-scope-offline = Sizin katılımınız olmadan yeni belirteç isteme
shipped-scope-api = Sizin adınıza API erişimi
shipped-scope-groups = Grup üyelikleri
shipped-scope-github-user = GitHub uyumluluğu: kullanıcı bilgilerinize erişim
shipped-scope-github-email = GitHub uyumluluğu: e-posta adreslerinize erişim
shipped-scope-github-groups = GitHub uyumluluğu: gruplarınıza erişim

## Help

help = Yardım
help-your-settings = Ayarlarınız
help-password = Parolamı hatırlamıyorum
help-password-answer = Oturum açma sayfasında “Parolanızı mı unuttunuz?” bağlantısını seçin. Yoksa bir yönetici size bağlantı gönderebilir.
help-lost = Telefonum veya güvenlik anahtarım kayboldu
help-lost-answer = Kurtarma kodlarınızdan biriyle oturum açın. Kodunuz yoksa bir yöneticiden kayıp cihazı hesabınızdan kaldırmasını isteyin.
help-attempts = Çok fazla deneme yapıldığı söyleniyor
help-attempts-answer = Belirtilen süre kadar bekleyin. Daha önce oturum açtığınız bir tarayıcıda başkaları sizi bekletemez.
help-refused = Bir uygulama beni içeri almıyor
help-refused-answer = Sayfa nedenini söyler. Sayfanın altındaki numarayı bir yöneticiye verin; kararın nasıl alındığını görebilir.
help-data = Hakkımda saklananları görmek veya değiştirmek istiyorum
help-data-answer = Ayarlarınızı açın: verileriniz, cihazlarınız, oturumlarınız ve onaylarınız oradadır.

## Mails

mail-hello = Merhaba { $name },
mail-sent-by = Gönderen: { $product }
mail-link-once = Bağlantı bir kez, { $duration } boyunca çalışır.
mail-confirm-subject = Adresinizi doğrulayın
mail-confirm-welcome = Hoş geldiniz!
mail-confirm-text = Bu adresin sizin olduğunu doğrulayın, hesabınız hazır olsun:
mail-confirm-do = Adresi doğrula
mail-confirm-otherwise = Hesap istemediyseniz bir şey yapmanıza gerek yok.
mail-reset-subject = Yeni bir parola seçin
mail-reset-text = birisi { $username } hesabınız için yeni parola istedi. Bu sizseniz buradan seçin:
mail-reset-otherwise = Siz değilseniz bir şey yapmayın: parolanız olduğu gibi kalır.
mail-code-subject = Oturum açma kodunuz
mail-code-text = kodunuz:
mail-code-once = Bir kez, { $duration } boyunca çalışır.
mail-code-otherwise = Kimseye vermeyin. Siz istemediyseniz başka biri parolanızı biliyor: değiştirin.
mail-factor-added-subject = Hesabınıza ikinci faktör eklendi
mail-factor-removed-subject = Hesabınızdan ikinci faktör kaldırıldı
mail-factor-added = { $username } hesabınıza ikinci faktör eklendi:
mail-factor-removed = { $username } hesabınızdan ikinci faktör kaldırıldı:
mail-factor-by = Bunu { $by } yaptı.
mail-factor-by-from = Bunu { $by }, { $address } adresinden yaptı.
mail-factor-from = Bu, { $address } adresinden yapıldı.
mail-factor-otherwise = Bunu siz yaptıysanız veya biliyorsanız bir şey yapmanıza gerek yok. Değilse parolanızı değiştirin ve ikinci faktörlerinizi gözden geçirin ya da yöneticinizden hesabı kilitlemesini isteyin.
mail-notification = { $product } bildirimi: { $what }
mail-severity = Önem
mail-for = Kime
mail-by = Yapan
mail-about = Konu
mail-notice = Bilgi
mail-warning = Uyarı
mail-alert = Alarm
mail-sent-over = { $product } tarafından { $transport } ile gönderildi.
class-static = kurtarma kodları
class-totp = kimlik doğrulama uygulaması
class-webauthn = geçiş anahtarı veya güvenlik anahtarı
class-duo = Duo
class-sms = SMS ile kodlar
class-email = e-postayla kodlar

## The library and the person's settings

ui-my-applications = Uygulamalarım
ui-settings = Ayarlar
ui-admin-interface = Yönetim
ui-sign-out = Oturumu kapat
ui-sign-in = Oturum aç
ui-main = Ana menü
ui-loading = Yükleniyor
ui-reload = Yenile
ui-find = Uygulama bul
ui-no-apps = Henüz uygulama yok
ui-no-apps-admin = İlkini oluşturun; açabilen herkes için burada görünür.
ui-no-apps-user = Size henüz bir şey açılmadı. Yöneticinize sorun.
ui-create-app = Yeni uygulama oluştur
ui-applications = Uygulamalar
ui-no-address = Açılacak adresi yok
ui-edit = Düzenle
ui-edit-it = { $name } öğesini düzenle
ui-nothing-matches = “{ $text }” ile eşleşen yok
ui-requests = Uygulamalar oturum açmanızı istiyor
ui-request = { $application } oturum açmanızı istiyor
ui-request-answer = Yanıtla
ui-details = Bilgileriniz
ui-username = Kullanıcı adı
ui-name = Ad
ui-email = E-posta
ui-groups = Gruplar
ui-none = Yok
ui-ways = Oturum açma yolları
ui-password = Parola
ui-password-hint = Başka biri biliyor olabilirse değiştirin.
ui-change-password = Parolayı değiştir
ui-mfa = İkinci faktörler
ui-enroll = Ayarla
ui-mfa-empty = Henüz yok. İkinci faktörle, çalınan bir parola sizin yerinize oturum açmaya yetmez.
ui-sources = Bağlı hesaplar
ui-sources-text = Burada oturum açabileceğiniz başka yerlerdeki hesaplar.
ui-connect = Bağla
ui-connected = Bağlı
ui-disconnect = Bağlantıyı kes
ui-disconnect-from = { $source } bağlantısını kes
ui-disconnect-text = Yeniden bağlayana kadar { $source } ile oturum açamazsınız.
ui-disconnected = { $source } bağlantısı kesildi.
ui-not-set-up = Ayarlanmadı
ui-set-up-when = ayarlandı: { $when }
ui-used-when = kullanıldı: { $when }
ui-never-used = hiç kullanılmadı
ui-ends-when = bitiş: { $when }
ui-endless = süresiz
ui-rename = Yeniden adlandır
ui-rename-it = Yeniden adlandır: { $name }
ui-name-hint = Birbirinden ayırt edebilmeniz için.
ui-delete = Sil
ui-delete-it = { $name } öğesini sil
ui-deleted = { $name } silindi.
ui-device-gone = Artık bununla oturum açamazsınız. Bu geri alınamaz; yeniden ayarlayabilirsiniz.
ui-save = Kaydet
ui-cancel = İptal
ui-close = Kapat
ui-create = Oluştur
ui-sessions = Oturumlar
ui-sign-out-elsewhere = Diğer her yerde oturumu kapat
ui-sign-out-elsewhere-text = Oturum açtığınız diğer tüm tarayıcı ve cihazlarda oturum kapatılır, uygulamaların bunlarla aldığı erişim sona erer. Bu oturum açık kalır.
ui-sessions-ended = { $count ->
    [one] { $count } oturum sonlandırıldı.
   *[other] { $count } oturum sonlandırıldı.
}
ui-nowhere-else = Başka bir yerde oturumunuz açık değildi.
ui-browser-on = { $system } üzerinde { $browser }
ui-unknown-browser = Bilinmeyen tarayıcı
ui-current-session = Geçerli oturum
ui-end = Sonlandır
ui-end-session = { $name } oturumunu sonlandır
ui-end-session-text = O tarayıcıda oturum kapatılır, uygulamaların bununla aldığı erişim sona erer.
ui-no-session = Oturum yok.
ui-tokens = Belirteçler ve uygulama parolaları
ui-create-token = Belirteç oluştur
ui-create-app-password = Uygulama parolası oluştur
ui-token = Belirteç
ui-app-password = Uygulama parolası
ui-token-created = Oluşturuldu. Listeden kopyalayın.
ui-no-tokens = Yok. Belirteç, bir programın API’yi sizin adınıza kullanmasını sağlar; uygulama parolası, sayfa gösterilemeyen yerlerde oturum açar.
ui-token-gone = Onu kullanan programlar artık sizin adınıza oturum açamaz. Bu geri alınamaz.
ui-identifier = Tanımlayıcı
ui-identifier-hint = Onu yeniden bulacağınız bir ad.
ui-identifier-wrong = Yalnızca harf, rakam, - ve _ kullanın.
ui-identifier-taken = Bu adda zaten bir tane var.
ui-description = Açıklama
ui-copy = Kopyala
ui-copy-it = { $name } öğesini kopyala
ui-copied = Kopyalandı
ui-copy-by-hand = Seçip kopyalayın
ui-consent = Onaylar
ui-application = Uygulama
ui-no-details = ayrıntı yok
ui-withdraw = Geri çek
ui-withdraw-from = { $app } için onayınızı geri çekin
ui-withdraw-text = { $app } bir dahaki açışınızda yeniden sorar.
ui-withdrawn = { $app } için onayınız geri çekildi.
ui-no-consent = Hiçbir uygulamaya hakkınızda bilgi edinme izni vermediniz.
ui-delete-account = Hesabı sil
ui-delete-account-text = Hesabınız; oturumlarınız, belirteçleriniz ve ikinci faktörlerinizle birlikte silinir.
ui-colours = Renkler
ui-colours-system = Sistem gibi
ui-colours-light = Açık
ui-colours-dark = Koyu
ui-colours-switch = Renkler: { $now }. Şuna geç: { $next }
ui-account-of = { $initials }, { $username } hesabı
ui-notifications = Bildirimler
ui-notifications-unread = Bildirimler, { $count } okunmamış
ui-no-notifications = Yeni bildirim yok. Bildirim kurallarının size ilettikleri burada görünür.
ui-notice = bilgi
ui-warning = uyarı
ui-alert = alarm
ui-show-event = Olayı göster
ui-mark-seen = Okundu olarak işaretle
ui-clear-all = Tümünü temizle
ui-acting = { $original } olarak { $username } adına işlem yapıyorsunuz.
ui-stop-acting = Bu kişi olarak işlem yapmayı bırak
ui-session-ended = Oturumunuz sona erdi
ui-confirm-you = Siz olduğunuzu doğrulayın
ui-other-person = { $other } olarak oturum açtınız, ancak bu sayfa { $name } kullanıcısına ait. Oturumu kapatıp { $name } olarak açın veya { $other } olarak devam etmek için sayfayı yenileyin.
ui-prove = Bu, birinin nasıl oturum açtığını değiştirir; bu yüzden bir kez daha oturum açın. Döner dönmez yapılır.
ui-sign-in-again = Devam etmek için { $name } olarak yeniden oturum açın. Girdikleriniz hâlâ burada ve döner dönmez gönderilir.
ui-blocked = Tarayıcı pencere açmadı. Bu sunucuyu başka bir sekmede açın, orada oturum açıp geri dönün.
ui-waiting = Diğer pencerede oturum açmanız bekleniyor.
ui-reload-page = Sayfayı yenile
ui-sign-out-person = { $name } oturumunu kapat
ui-not-now = Şimdi değil
ui-not-proved = Yeniden oturum açmadığınız için hiçbir şey değiştirilmedi.
ui-not-signed-in = Yeniden oturum açmadınız. Girdikleriniz hâlâ burada.
ui-not-found = Bulunamadı
ui-not-loaded = Yüklenemedi
ui-go-back = Geri dön
ui-try-again = Yeniden dene
ui-dismiss = Kapat
ui-fields-wrong = Bazı alanları yeniden gözden geçirin.
ui-error-denied = Bunu yapamazsınız. İzin için bir yöneticiye başvurun.
ui-error-gone = Bu artık yok.
ui-error-changed = Bu arada başka biri bunu değiştirdi. Yenileyip yeniden deneyin.
ui-error-often = Çok fazla istek. Biraz bekleyip yeniden deneyin.
ui-error-busy = Sunucu meşgul veya hazır değil. Biraz sonra yeniden deneyin.
ui-error-other = Sunucu bir hatayla yanıt verdi ({ $status }). Nedeni günlüğünde yazar.
ui-unreachable = Sunucuya ulaşılamadı. Bağlantıyı kontrol edip yeniden deneyin.
ui-signed-in = Oturum açtınız
ui-signed-in-text = Bu pencereyi kapatıp diğerinde devam edin. Orada girdikleriniz hâlâ duruyor.
ui-now = az önce
ui-soon = birazdan
