package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Transport turns the error of an exchange that brought no answer into a coded
// one. what says what was asked, e.g. "create issue".
func Transport(method, what string, err error) *types.Error {
	if errors.Is(err, context.Canceled) && isRead(method) {
		return types.Errorf(types.Cancelled, "%s: stopped", what).WithHint("resume the run")
	}
	if text, hint, ok := notSent(err); ok && (isRead(method) || !isNotTLS(err)) {
		return types.Errorf(types.Network, "%s: cannot reach the service: %s", what, text).WithHint("%s", hint)
	}
	if !isRead(method) {
		return types.Errorf(types.UnknownOutcome, "%s: the request was sent and the answer was lost: %w", what, withoutURL(err)).
			WithHint("%s", hints[types.UnknownOutcome])
	}
	if limit := limitError(what, err); limit != nil {
		return limit
	}
	if isTimeout(err) {
		return types.Errorf(types.Timeout, "%s: no answer in time: %w", what, withoutURL(err)).
			WithHint("resume the run later, or give the service more time: timeout: 60s in skillrun.yaml")
	}
	return types.Errorf(types.Network, "%s: the connection broke: %w", what, withoutURL(err)).
		WithHint("resume the run; if it happens again, see whether a proxy or firewall cuts the connection")
}

const askForLess = "check the service's url in skillrun.yaml; if it is right, ask for less at a time"

// limitError is about an answer that is beyond a limit, nil of others.
func limitError(what string, err error) *types.Error {
	switch {
	case errors.Is(err, errTooLarge):
		return types.Errorf(types.Unavailable, "%s: the answer is larger than %d MiB", what, MaxBody>>20).WithHint(askForLess)
	case errors.Is(err, errMuch):
		return types.Errorf(types.Unavailable, "%s: the answers are more than %d MiB in total", what, MaxRead>>20).WithHint(askForLess)
	case errors.Is(err, errDense):
		return types.Errorf(types.Unavailable, "%s: the answer has more than %d objects or %d values", what, maxObjects, maxParts).WithHint(askForLess)
	case errors.Is(err, errControls):
		return types.Errorf(types.Unavailable, "%s: the answer has more than %d control characters", what, maxControl).WithHint(askForLess)
	case errors.Is(err, ErrHollow):
		return types.Errorf(types.Unavailable, "%s: the answer is larger compressed than decompressed", what).WithHint(askForLess)
	}
	return nil
}

// withoutURL is what went wrong without the url, which may hold credentials; the
// caller names the service.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// ProxyAnswer is for [http.Transport.OnProxyConnectResponse]: it turns a
// proxy's refusal, of which net/http keeps only the words, into an error that
// is known for one: nothing was sent to the service.
func ProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return &proxyError{proxy.Host, resp.StatusCode}
}

type proxyError struct {
	host   string
	status int
}

// Error says what the proxy said.
func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.host, e.status, http.StatusText(e.status))
}

func (e *proxyError) hint() string {
	if e.status == http.StatusProxyAuthRequired {
		return "the proxy requires a user and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
	}
	return "ask whoever runs the proxy to let the service's host through, or name the host in NO_PROXY"
}

// isNotTLS reports whether something answered that is not TLS. Mostly that is
// the answer to the handshake; but a box on the way may also do so later, when
// the request has gone out.
func isNotTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// notSent recognizes the errors after which the request surely did not reach
// the service, and says what to do about each.
func notSent(err error) (text, hint string, ok bool) {
	var proxy *proxyError
	if errors.As(err, &proxy) {
		return proxy.Error(), proxy.hint(), true
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" { // before its certificate is taken for the service's
		return withoutURL(err).Error(), "check HTTPS_PROXY: the proxy itself cannot be reached; hosts in NO_PROXY are reached without it", true
	}
	if text, hint, ok := certificate(err); ok {
		return text, hint, true
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return withoutURL(err).Error(), "check the host in the service's url, the network and the VPN: the name is not known here", true
	case errors.As(err, &op) && op.Op == "dial" && op.Timeout():
		return withoutURL(err).Error(), "check the host and port in the service's url, the network and the VPN: nothing answers there", true
	case errors.As(err, &op) && op.Op == "dial":
		return withoutURL(err).Error(), "check the service's url in skillrun.yaml, and that this machine reaches it", true
	}
	return "", "", false
}

// certificate recognizes what is wrong with TLS.
func certificate(err error) (text, hint string, ok bool) {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "its certificate is signed by " + issuer(err) + ", which is not trusted here",
			"name the authority's certificate with ca: FILE.pem under the service in skillrun.yaml; if you do not know that authority, the connection may be intercepted", true
	case errors.As(err, &host):
		return "its certificate is for another name: " + host.Error(), "use the name that the certificate is for in the service's url", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return expired(invalid), "have the service's certificate renewed, or set this machine's clock right", true
	case errors.As(err, &verify):
		return verify.Error(), "check the service's certificate, and ca: under the service in skillrun.yaml", true
	case isNotTLS(err):
		return "it does not speak TLS there", "check scheme and port of the service's url", true
	}
	return "", "", false
}

func expired(e x509.CertificateInvalidError) string {
	if e.Cert == nil {
		return "its certificate is not valid at this time"
	}
	return "its certificate is valid from " + e.Cert.NotBefore.UTC().Format(time.DateTime) + " to " + e.Cert.NotAfter.UTC().Format(time.DateTime) + " UTC, and not now"
}

func issuer(err error) string {
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) || len(verify.UnverifiedCertificates) == 0 {
		return "an authority"
	}
	return "“" + verify.UnverifiedCertificates[len(verify.UnverifiedCertificates)-1].Issuer.String() + "”"
}
