// Reads what an official outpost reads, in its order, with the generated client that outposts are built with, which decodes
// every answer. What it found goes to the standard output as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"

	api "goauthentik.io/api/v3"
)

func must[T any](what string, value T, err error) T {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
	return value
}

func main() {
	server, err := url.Parse(os.Getenv("AUTHENTIK_HOST"))
	must("address", server, err)
	config := api.NewConfiguration()
	config.Host, config.Scheme = server.Host, server.Scheme
	config.UserAgent = "goauthentik.io/outpost/2025.4.0"
	config.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("AUTHENTIK_TOKEN"))
	client, ctx := api.NewAPIClient(config), context.Background()
	found := map[string]any{}

	outposts, _, err := client.OutpostsApi.OutpostsInstancesList(ctx).Execute()
	must("outposts", outposts, err)
	if len(outposts.Results) != 1 {
		fmt.Fprintf(os.Stderr, "%d outposts\n", len(outposts.Results))
		os.Exit(1)
	}
	outpost := outposts.Results[0]
	found["outpost"] = outpost.Name
	found["host"] = outpost.Config["authentik_host"].(string)
	found["refresh"] = outpost.RefreshIntervalS

	root, _, err := client.RootApi.RootConfigRetrieve(ctx).Execute()
	must("config", root, err)
	found["reports_errors"] = root.ErrorReporting.Enabled

	certificates := map[string]bool{}
	names := []string{}
	switch outpost.Type {
	case api.OUTPOSTTYPEENUM_PROXY:
		for page := int32(1); page > 0; {
			list, _, err := client.OutpostsApi.OutpostsProxyList(ctx).Page(page).PageSize(1).Execute()
			must("proxy providers", list, err)
			for _, provider := range list.Results {
				names = append(names, provider.Name)
				_ = []any{*provider.ClientId, *provider.ClientSecret, *provider.CookieSecret, *provider.CookieDomain, *provider.Mode,
					*provider.InternalHost, *provider.InternalHostSslValidation, *provider.SkipPathRegex, *provider.BasicAuthEnabled,
					*provider.InterceptHeaderAuth, provider.OidcConfiguration.TokenEndpoint, provider.ScopesToRequest}
				if key := provider.Certificate.Get(); key != nil {
					certificates[*key] = true
				}
			}
			page = int32(list.Pagination.Next)
		}
	case api.OUTPOSTTYPEENUM_LDAP:
		list, _, err := client.OutpostsApi.OutpostsLdapList(ctx).Execute()
		must("ldap providers", list, err)
		for _, provider := range list.Results {
			names = append(names, provider.Name)
			if key := provider.Certificate.Get(); key != nil {
				certificates[*key] = true
			}
		}
		users, _, err := client.CoreApi.CoreUsersList(ctx).IncludeGroups(true).Execute()
		must("users", users, err)
		groups, _, err := client.CoreApi.CoreGroupsList(ctx).IncludeUsers(true).Execute()
		must("groups", groups, err)
		found["users"], found["groups"] = len(users.Results), len(groups.Results)
	case api.OUTPOSTTYPEENUM_RADIUS:
		list, _, err := client.OutpostsApi.OutpostsRadiusList(ctx).Execute()
		must("radius providers", list, err)
		for _, provider := range list.Results {
			names = append(names, provider.Name)
		}
	}
	found["providers"] = names

	keys := 0
	for key := range certificates {
		pair, _, err := client.CryptoApi.CryptoCertificatekeypairsRetrieve(ctx, key).Execute()
		must("certificate", pair, err)
		certificate, _, err := client.CryptoApi.CryptoCertificatekeypairsViewCertificateRetrieve(ctx, key).Execute()
		must("certificate's text", certificate, err)
		private, _, err := client.CryptoApi.CryptoCertificatekeypairsViewPrivateKeyRetrieve(ctx, key).Execute()
		must("certificate's key", private, err)
		if pair.FingerprintSha256.Get() != nil && certificate.Data != "" && private.Data != "" {
			keys++
		}
	}
	found["keys"] = keys

	event, _, err := client.EventsApi.EventsEventsCreate(ctx).EventRequest(*api.NewEventRequest(api.EVENTACTIONS_CONFIGURATION_ERROR, "outpost")).Execute()
	must("event", event, err)
	must("output", 0, json.NewEncoder(os.Stdout).Encode(found))
}
