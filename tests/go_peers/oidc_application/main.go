// An application made with go-oidc and golang.org/x/oauth2, in the order of its documentation:
// discovery, the address for the browser, and what came back from there on its standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type learned struct {
	Subject   string   `json:"sub"`
	Username  string   `json:"preferred_username"`
	Groups    []string `json:"groups"`
	Email     string   `json:"email"`
	Refreshed []string `json:"refreshed"`
}

func main() {
	found, err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(found)
}

func run(ctx context.Context, issuer, id, secret, redirect string) (*learned, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	config := oauth2.Config{
		ClientID: id, ClientSecret: secret, RedirectURL: redirect, Endpoint: provider.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	verifier, state, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	fmt.Println(config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))

	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return nil, err
	}
	back, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		return nil, err
	}
	if back.Query().Get("state") != state {
		return nil, errors.New("another state came back")
	}
	token, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	found := &learned{}
	checked, err := identity(ctx, provider, id, token)
	if err != nil {
		return nil, err
	}
	if checked.Nonce != nonce {
		return nil, errors.New("another nonce came back")
	}
	if err = checked.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, err
	}
	if err = checked.Claims(found); err != nil {
		return nil, err
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	if info.Subject != checked.Subject || !info.EmailVerified {
		return nil, fmt.Errorf("userinfo is about %q", info.Subject)
	}
	found.Email = info.Email

	// Requests of a page that come when the access token has just ended: each renews it.
	found.Refreshed = make([]string, 6)
	var all sync.WaitGroup
	for number := range found.Refreshed {
		all.Go(func() { found.Refreshed[number] = refreshed(ctx, provider, &config, token) })
	}
	all.Wait()
	return found, nil
}

func identity(ctx context.Context, provider *oidc.Provider, id string, token *oauth2.Token) (*oidc.IDToken, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("there is no ID token")
	}
	return provider.Verifier(&oidc.Config{ClientID: id}).Verify(ctx, raw)
}

func refreshed(ctx context.Context, provider *oidc.Provider, config *oauth2.Config, token *oauth2.Token) string {
	ended := &oauth2.Token{RefreshToken: token.RefreshToken, Expiry: time.Unix(1, 0)}
	renewed, err := config.TokenSource(ctx, ended).Token()
	if err != nil {
		return err.Error()
	}
	checked, err := identity(ctx, provider, config.ClientID, renewed)
	if err != nil {
		return err.Error()
	}
	return checked.Subject
}
