package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// OAuth is how a service gives access tokens (RFC 6749): for the credentials of a
// client, or for a refresh token. Where it asks is decided by the configuration, as the
// service itself is.
type OAuth struct {
	TokenURL  string
	Client    string
	Secret    types.Secret
	Refresh   types.Secret // zero for client credentials
	Scope     string       // of client credentials, separated by blanks; "" is what the service gives
	Transport http.RoundTripper
	Timeout   time.Duration
}

// Tokens are the access tokens of one service, for as long as the process lives: none
// is written anywhere. It is used by several goroutines.
type Tokens struct {
	o      OAuth
	mu     sync.Mutex
	source func(ctx context.Context) (*oauth2.Token, error)
	now    *oauth2.Token
}

// NewTokens returns a source of tokens that asks for the first when it is needed.
func NewTokens(o OAuth) *Tokens {
	t := &Tokens{o: o}
	asks := clientcredentials.Config{ClientID: o.Client, ClientSecret: o.Secret.Reveal(), TokenURL: o.TokenURL, Scopes: strings.Fields(o.Scope)}
	t.source = asks.Token
	if !o.Refresh.IsZero() {
		t.source = t.refresh(oauth2.Config{ClientID: o.Client, ClientSecret: o.Secret.Reveal(), Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL}})
	}
	return t
}

// refresh asks with the refresh token, and from then on with the one that the service
// gave in its place.
func (t *Tokens) refresh(asks oauth2.Config) func(context.Context) (*oauth2.Token, error) {
	refresh := t.o.Refresh.Reveal()
	return func(ctx context.Context) (*oauth2.Token, error) {
		got, err := asks.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
		if err == nil {
			refresh = cmp.Or(got.RefreshToken, refresh)
		}
		return got, err
	}
}

// token returns a token that has not expired and is not refused, one that the service did not take;
// fresh tells that it was asked for just now.
func (t *Tokens) token(ctx context.Context, service, refused string) (token types.Secret, fresh bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Valid() && t.now.AccessToken != refused {
		return types.NewSecret(t.now.AccessToken), false, nil
	}
	got, err := t.source(context.WithValue(ctx, oauth2.HTTPClient, rest.Client(t.o.Transport, t.o.Timeout)))
	if err != nil {
		return types.Secret{}, false, t.failed(service, err)
	}
	t.now = got
	step.Learn(ctx, types.NewSecret(got.RefreshToken))
	token = types.NewSecret(got.AccessToken)
	step.Learn(ctx, token)
	return token, true, nil
}

// failed says why there is no token. Nothing was asked of the service itself.
func (t *Tokens) failed(service string, err error) error {
	host := t.o.TokenURL
	if u, err := url.Parse(t.o.TokenURL); err == nil {
		host = u.Host
	}
	what := "get a token for " + service + " from " + host
	var answer *oauth2.RetrieveError
	var broken *url.Error
	switch {
	case errors.As(err, &broken):
		return rest.Transport(http.MethodGet, what, err)
	case !errors.As(err, &answer):
		return types.Errorf(types.Unavailable, "%s: the answer is no token", what).WithHint("check token_url of service %s in skillrun.yaml", service)
	}
	said := strings.TrimRight(types.Clip(answer.ErrorCode+": "+answer.ErrorDescription), ": ")
	switch status := answer.Response.StatusCode; {
	case status == http.StatusTooManyRequests:
		return types.Errorf(types.RateLimited, "%s: 429 %s", what, said).WithHint("wait, and resume the run")
	case status >= 500:
		return types.Errorf(types.Unavailable, "%s: %d %s", what, status, said).WithHint("resume the run later")
	case status/100 == 3:
		return types.Errorf(types.Unavailable, "%s: it redirects to another address, and credentials do not follow", what).
			WithHint("write that address as token_url of service %s in skillrun.yaml", service)
	default:
		return types.Errorf(types.Auth, "%s: %d %s", what, status, said).
			WithHint("check user, token, refresh_token and scope of service %s in skillrun.yaml", service)
	}
}
