package rest_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/rest"
)

func TestReach(t *testing.T) {
	t.Parallel()
	s, trusted := secure(t)
	host := strings.TrimPrefix(s.URL, "https://")
	ends := s.Certificate().NotAfter
	rt := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	for _, test := range []struct {
		name string
		url  string
		now  time.Time
		want []string
		ok   bool
	}{
		{"well", s.URL, time.Now(), []string{
			"reach HOST: it answers over HTTP/1.1", "certificate of HOST: trusted, valid until " + ends.UTC().Format(time.DateOnly),
			"clock against HOST: they agree within a minute"}, true},
		{"no url", "jira", time.Now(), []string{"url: the service has no usable url"}, false},
		{"not there", "http://" + nobody(t), time.Now(), []string{"cannot reach the service"}, false},
		{"a certificate that ends soon", s.URL, ends.Add(-73 * time.Hour), []string{"answers", "that is in 3 days, have it renewed", "ahead of the clock of HOST"}, true},
		{"a clock behind", s.URL, time.Now().Add(-2 * time.Hour), []string{"answers", "trusted", "2h0m behind the clock of HOST"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			findings, ok := rest.Reach(t.Context(), rt, time.Minute, test.url, test.now)
			if ok != test.ok || len(findings) != len(test.want) {
				t.Fatalf("ok is %v, %d findings: %+v", ok, len(findings), findings)
			}
			for i, f := range findings {
				line := f.Subject + ": " + f.Detail
				if f.Err != nil {
					line += f.Err.Message
					if f.Err.Hint == "" {
						t.Errorf("no remedy for %s", line)
					}
				}
				if want := strings.ReplaceAll(test.want[i], "HOST", host); !strings.Contains(line, want) {
					t.Errorf("finding %d (-want +got):\n%s", i, cmp.Diff(want, line))
				}
			}
		})
	}
}

// TestReachCached: a cache's answer has an old date, which is no one's clock.
func TestReachCached(t *testing.T) {
	t.Parallel()
	url, _ := answers(t, func(w http.ResponseWriter) {
		w.Header().Set("Date", time.Now().Add(-20*time.Minute).UTC().Format(http.TimeFormat))
		w.Header().Set("Age", "1200")
	})
	findings, ok := rest.Reach(t.Context(), nil, time.Minute, url, time.Now())
	if !ok || len(findings) != 1 || findings[0].Err != nil {
		t.Errorf("got %+v", findings)
	}
}
