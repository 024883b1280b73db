package wiki;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A site whose settings and security are those of docs/applications.md. */
@SpringBootApplication
@RestController
public class Application {
  public static void main(String[] arguments) {
    SpringApplication.run(Application.class, arguments);
  }

  @GetMapping("/")
  String outside() {
    return "outside";
  }

  @GetMapping("/private")
  Map<String, Object> inside(@AuthenticationPrincipal OidcUser user, Authentication known) {
    List<String> roles = known.getAuthorities().stream().map(Object::toString).filter(one -> one.startsWith("ROLE_")).sorted().toList();
    return new TreeMap<>(Map.of("user", user.getName(), "email", user.getEmail(), "roles", roles));
  }

  /** Asked for a token that is good, Spring renews one that has ended. */
  @GetMapping("/token")
  String token(@RegisteredOAuth2AuthorizedClient("countersign") OAuth2AuthorizedClient client) {
    return client.getAccessToken().getTokenValue();
  }

  @GetMapping("/staff")
  String staff() {
    return "staff only";
  }
}
