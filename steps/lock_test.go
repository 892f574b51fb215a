package steps

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// TestLock: the service of the configuration reaches the repository, through
// what stands between.
func TestLock(t *testing.T) {
	t.Parallel()
	world := gittest.New(gittest.Options{Dir: t.TempDir(), Memory: true, User: "bot", Token: "hunter22"})
	if _, err := world.Create("site/locks", "main", []gittest.Commit{{Name: "a", Author: "Ada", Email: "ada@example.com", Message: "a\n"}}, map[string]string{"main": "a"}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(world)
	defer web.Close()
	text := "site: x\nservices:\n  forge: {kind: git, url: " + web.URL + ", user: env:U, token: env:T}\n"
	cfg := load(t, text, environment{"U": "bot", "T": "hunter22"})
	asked := 0
	o := Options{Cache: t.TempDir(), Wrap: func(rt http.RoundTripper) http.RoundTripper {
		return counting{rt, &asked}
	}}
	l, err := Lock(cfg, o, "forge", web.URL+"/site/locks.git")
	if err != nil {
		t.Fatal(err)
	}
	h := step.Holder{Work: "w", Run: "r", Machine: "m"}
	if other, err := l.Take(t.Context(), "g", h); err != nil || other != nil || world.Branches("site/locks")["skillrun/lock-g"] == "" || asked == 0 {
		t.Errorf("%+v %v, %d requests", other, err, asked)
	}
	if err := l.Release(t.Context(), "g", h); err != nil || len(world.Branches("site/locks")) != 1 {
		t.Errorf("%v, branches %v", err, world.Branches("site/locks"))
	}
	if _, err := Lock(cfg, o, "other", web.URL); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), `there is no git service "other" for the lock`) {
		t.Error(err)
	}
	if _, err := Lock(cfg, o, "", web.URL); err != nil {
		t.Errorf("git need not be configured: %v", err)
	}
}

// counting counts requests.
type counting struct {
	http.RoundTripper
	n *int
}

// RoundTrip counts a request and sends it.
func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	*c.n++
	return c.RoundTripper.RoundTrip(req)
}
