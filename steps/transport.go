package steps

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/steps/rest"
)

// connecting is how long a connection, and the agreement on its encryption, may
// take; a service whose time-out is shorter gets no longer.
const connecting = 10 * time.Second

// maxHeaders is how large the headers of an answer may be, in bytes.
const maxHeaders = 1 << 20

// transport returns a connection pool of the service's own: its certificates,
// the environment's proxies, no retries, nothing in the clear but on this very
// machine.
func (c *connector) transport(s config.Service) http.RoundTripper {
	proxy, err := proxies(c.cfg.Env)
	if err != nil {
		c.fail(err)
	}
	patience := min(connecting, timeoutOf(s))
	var rt http.RoundTripper = &http.Transport{
		Proxy:                  proxy,
		OnProxyConnectResponse: rest.ProxyAnswer,
		DialContext:            (&net.Dialer{Timeout: patience}).DialContext,
		TLSHandshakeTimeout:    patience,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities(s)},
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHeaders,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // see rest.Inflating
	}
	if c.wrap != nil {
		rt = c.wrap(rt)
	}
	return encrypted{rest.Inflating{Next: rt}, c.cfg.Policy.Admits}
}

// authorities are those that the machine trusts and those that the service's
// configuration adds; nil is the machine's.
func authorities(s config.Service) *x509.CertPool {
	if len(s.CAData) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(s.CAData) // checked when the configuration was read
	return pool
}

// encrypted refuses to send anything in the clear to another machine, and to a
// host that the site does not allow. The configuration refuses such urls of
// services; this one also sees where repositories are, and where a service sends
// its clients. All requests pass it.
type encrypted struct {
	next   http.RoundTripper
	admits func(host string) error
}

var errClear = errors.New("it would be sent unencrypted; use https to other machines")

// RoundTrip sends one request.
func (e encrypted) RoundTrip(req *http.Request) (*http.Response, error) {
	err := e.admits(config.HostOf(req.URL))
	if req.URL.Scheme != "https" && !rest.OnThisMachine(req.URL.Hostname()) {
		err = errClear
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close() // as every RoundTripper does with what it does not send
		}
		return nil, &net.OpError{Op: "dial", Net: req.URL.Scheme, Err: err}
	}
	return e.next.RoundTrip(req)
}
