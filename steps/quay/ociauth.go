package quay

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// How a registry learns who is asking (the token authentication of the
// distribution project, and RFC 7617).
//
// The first request carries no credential. A registry that wants one answers
// 401 and says how: "Basic" wants user and password with each request; "Bearer"
// names a realm, the url of a service that gives a token for them, or an
// anonymous one without them. The token is good for pulling this one repository
// and goes to the registry only.
//
// The realm is text from outside that names a host, and a password would go
// there. So it must be https (or this very machine, when the registry is too),
// on the registry's own host, or on one of the same registrable domain by the
// public suffix list: registry-1.docker.io may name auth.docker.io;
// images.github.io may not name others.github.io. Anything else is refused.
//
// The scope is what the registry names in its challenge, which may be another
// repository than the path says, behind a mirror or with a namespace of its own;
// but never more than to pull, and of repositories only.

// authorize answers a 401. It returns the header that was earned, "" when there
// is nothing to show. Of several ways a token is preferred: it is good for the
// one repository, and the password stays with whoever gives tokens. Where its
// realm may not have the password, Basic is the other way that was offered.
func (c *oci) authorize(ctx context.Context, what string, a answer, repository string) (string, error) {
	offered := challenges(a.Header)
	bearer, wantsToken := named(offered, "bearer")
	_, basic := named(offered, "basic")
	if !wantsToken && !basic {
		return "", c.odd("its 401 names no way to authenticate")
	}
	if wantsToken {
		realm, err := c.realm(bearer.params["realm"])
		switch {
		case err == nil:
			return c.bearer(ctx, what, bearer, realm, repository)
		case !basic || c.token.IsZero():
			return "", err
		}
	}
	if c.token.IsZero() {
		return "", nil
	}
	return c.basic(), nil
}

func (c *oci) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.token.Reveal()))
}

func (c *oci) bearer(ctx context.Context, what string, ch challenge, realm *url.URL, repository string) (string, error) {
	query := realm.Query()
	if s := ch.params["service"]; s != "" {
		query.Set("service", s)
	}
	for _, scope := range scopes(ch.params["scope"], repository) {
		query.Add("scope", scope)
	}
	auth := ""
	if !c.token.IsZero() {
		query.Set("account", c.user)
		auth = c.basic()
	}
	realm.RawQuery = query.Encode()
	a, err := c.send(ctx, what+": ask for a token", realm, "application/json", auth)
	if err != nil {
		return "", err
	}
	if err := c.refused(a, what+": ask for a token"); err != nil {
		return "", err
	}
	token, err := c.tokenOf(a)
	step.Learn(ctx, types.NewSecret(strings.TrimPrefix(token, "Bearer ")))
	return token, err
}

func (c *oci) tokenOf(a answer) (string, error) {
	var got struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(a.body, &got) != nil {
		return "", c.odd("what should be a token is not JSON")
	}
	token := cmp.Or(got.Token, got.AccessToken)
	if !tokenPattern().MatchString(token) {
		return "", c.odd("what should be a token is none")
	}
	return "Bearer " + token, nil
}

// realm judges where the registry sends us for a token.
func (c *oci) realm(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, c.odd("the realm it names for tokens is not a valid URL")
	}
	secure := u.Scheme == "https" || u.Scheme == "http" && rest.OnThisMachine(u.Hostname()) && rest.OnThisMachine(c.base.Hostname())
	if !secure {
		return nil, types.Errorf(types.Forbidden, "%s wants the credential to be sent to %s unencrypted", c.base.Host, u.Host).
			WithHint("credentials are sent over https only: ask the registry's administrator to name an https realm")
	}
	if !related(c.base.Hostname(), u.Hostname()) {
		return nil, types.Errorf(types.Forbidden, "%s gets its tokens from %s, which is in another domain", c.base.Host, u.Host).
			WithHint("only the registry's own host, or one of the same domain, gets the credential: name the registry by the host that its realm belongs to")
	}
	return u, nil
}

// related reports whether two hosts are one, or of one registrable domain.
func related(registry, realm string) bool {
	registry, realm = strings.ToLower(registry), strings.ToLower(realm)
	if registry == realm {
		return true
	}
	if isIP(registry) || isIP(realm) {
		return false
	}
	a, errA := publicsuffix.EffectiveTLDPlusOne(registry)
	b, errB := publicsuffix.EffectiveTLDPlusOne(realm)
	return errA == nil && errB == nil && a == b
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
