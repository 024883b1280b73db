// An application made with crewjam/saml, as its example has it. Without a file of the identity
// provider's metadata it prints its own; with one it lets in whom that identity provider knows.
package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		log.Fatal(err)
	}
}

func run(base, certificate, key string, known []string) error {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	root, err := url.Parse(base)
	if err != nil {
		return err
	}
	options := samlsp.Options{
		URL: *root, Key: pair.PrivateKey.(crypto.Signer), Certificate: leaf, SignRequest: true,
		LogoutBindings:          []string{saml.HTTPRedirectBinding, saml.SOAPBinding},
		KeyAttributesByName:     true,
		RejectUnknownConditions: true, RequireSignedResponseForCBC: true, RejectExpiredIDPMetadata: true,
		ReplayCache: samlsp.NewMemoryReplayCache(100),
	}
	if len(known) == 0 {
		options.IDPMetadata = &saml.EntityDescriptor{}
	} else {
		text, err := os.ReadFile(known[0])
		if err != nil {
			return err
		}
		if options.IDPMetadata, err = samlsp.ParseMetadata(text); err != nil {
			return err
		}
	}
	sp, err := samlsp.New(options)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		text, err := xml.Marshal(sp.ServiceProvider.Metadata())
		fmt.Println(string(text))
		return err
	}
	sp.OnError = func(w http.ResponseWriter, _ *http.Request, err error) {
		if broken, ok := err.(*saml.InvalidResponseError); ok {
			err = broken.PrivateErr
		}
		http.Error(w, err.Error(), http.StatusForbidden)
	}
	http.Handle("/saml/", sp)
	http.Handle("/private", sp.RequireAccount(http.HandlerFunc(private)))
	http.HandleFunc("/logout", sp.HandleStartLogout)
	http.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "outside") })
	return http.ListenAndServe(root.Host, nil)
}

func private(w http.ResponseWriter, r *http.Request) {
	session := samlsp.SessionFromContext(r.Context()).(samlsp.JWTSessionClaims)
	for name, values := range session.Attributes {
		w.Header()["X-"+url.QueryEscape(name)] = values
	}
	w.Header().Set("X-Name", session.Subject)
	fmt.Fprint(w, "inside")
}
