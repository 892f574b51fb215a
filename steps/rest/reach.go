package rest

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// maxSkew is how far a service's clock may be off, and soon how near the end
// of a certificate is worth a word.
const (
	maxSkew = time.Minute
	soon    = 14 * 24 * time.Hour
)

// Reach asks a service's url once, without a credential: is it reached at all,
// by name, network, proxy and certificate, and do the clocks agree? Any answer
// will do, whatever its status. ok is false when nothing else can be asked.
func Reach(ctx context.Context, rt http.RoundTripper, timeout time.Duration, rawURL string, now time.Time) (findings []step.Finding, ok bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return []step.Finding{{Subject: "url", Err: types.Errorf(types.BadInput, "the service has no usable url").
			WithHint("write url: https://HOST under the service in skillrun.yaml")}}, false
	}
	subject := "reach " + u.Host
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return []step.Finding{step.Failed(subject, err)}, false
	}
	client := Client(rt, timeout)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return []step.Finding{{Subject: subject, Err: Transport(http.MethodGet, subject, err)}}, false
	}
	_ = resp.Body.Close()
	findings = append(findings, step.Finding{Subject: subject, Detail: "it answers over " + resp.Proto})
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		findings = append(findings, validity(u.Host, resp.TLS.PeerCertificates[0], now))
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && resp.Header.Get("Age") == "" { // not a cache's
		findings = append(findings, clock(u.Host, now.Add(time.Since(began)).Sub(date)))
	}
	return findings, true
}

func validity(host string, c *x509.Certificate, now time.Time) step.Finding {
	f := step.Finding{Subject: "certificate of " + host, Detail: "trusted, valid until " + c.NotAfter.UTC().Format(time.DateOnly)}
	if left := c.NotAfter.Sub(now); left < soon {
		f.Detail += fmt.Sprintf(": that is in %d days, have it renewed", int(left.Hours()/24))
	}
	return f
}

// clock judges how far this machine's clock is ahead of the service's.
func clock(host string, ahead time.Duration) step.Finding {
	f := step.Finding{Subject: "clock against " + host, Detail: "they agree within a minute"}
	word := "ahead of"
	if ahead < 0 {
		ahead, word = -ahead, "behind"
	}
	if ahead > maxSkew {
		f.Detail = ""
		f.Err = types.Errorf(types.Conflict, "this machine's clock is %s %s the clock of %s", about(ahead), word, host).
			WithHint("correct it, for example with `timedatectl set-ntp true`: release dates, tokens and certificates depend on it")
	}
	return f
}

// about is a duration as far as an HTTP date, which has seconds, can tell it.
func about(d time.Duration) string {
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
