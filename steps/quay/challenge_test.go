package quay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

// TestSeveralChallengesInOneHeader: a registry that offers a password and a
// token, in one header or in several, is asked for the token, with every
// parameter as it stands in its quotes.
func TestSeveralChallengesInOneHeader(t *testing.T) {
	t.Parallel()
	const bearer = `Bearer realm="http://HOST/token",service="reg, istry",scope="repository:team/app:pull"`
	asked := "account=team%2Brobot&scope=repository%3Ateam%2Fapp%3Apull&service=reg%2C+istry"
	for name, tc := range map[string]struct {
		headers []string
		want    string // the query of the token service, or the password, or the error
	}{
		"basic first":                  {[]string{`Basic realm="a, b", ` + bearer}, asked},
		"bearer first":                 {[]string{bearer + `, Basic realm="x", charset="UTF-8"`}, asked},
		"two headers":                  {[]string{`Basic realm="x"`, bearer}, asked},
		"others among them":            {[]string{`Negotiate, NTLM TlRMTVNTUAAB=, Digest qop="auth, auth-int", nonce=x/y+z==, ` + bearer}, asked},
		"a challenge in quotes":        {[]string{`Basic realm="Bearer realm=\"http://HOST/evil\", x", ` + bearer}, asked},
		"empty members":                {[]string{` , ,` + bearer + `,,`}, asked},
		"blanks everywhere":            {[]string{"bearer  realm = \"http://HOST/token\"\t,\tService = \"reg, istry\" , scope=\"repository:team/app:pull\""}, asked},
		"an address without quotes":    {[]string{`Basic realm=x,Bearer realm=http://HOST/token,service="reg, istry",scope=repository:team/app:pull`}, asked},
		"basic only":                   {[]string{`Digest realm="x", Basic realm="y"`}, "password"},
		"a realm elsewhere, and basic": {[]string{`Bearer realm="https://tokens.example.org/t", Basic realm="y"`}, "password"},
		"a realm elsewhere":            {[]string{`Bearer realm="https://tokens.example.org/t"`}, "which is in another domain"},
		"none that is known":           {[]string{`Negotiate, NTLM`}, "names no way to authenticate"},
		"nothing to read":              {[]string{`"Bearer realm=x`}, "names no way to authenticate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, password, basic := r.BasicAuth()
				switch {
				case r.URL.Path == "/token":
					got = r.URL.RawQuery
					fmt.Fprint(w, `{"token":"abc"}`)
				case basic && password == "good":
					got = "password"
					fmt.Fprint(w, small)
				case r.Header.Get("Authorization") == "Bearer abc":
					fmt.Fprint(w, small)
				default:
					for _, line := range tc.headers {
						w.Header().Add("WWW-Authenticate", strings.ReplaceAll(line, "HOST", r.Host))
					}
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			_, err, _ := callOCI(t, h, "good", "team/app", sha)
			if err != nil {
				got = err.Message
			}
			if (err != nil) != (tc.want != asked && tc.want != "password") || !strings.Contains(got, tc.want) {
				t.Errorf("got %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestTheScopeThatTheRegistryNames is asked for, as far as it is to pull from
// repositories.
func TestTheScopeThatTheRegistryNames(t *testing.T) {
	t.Parallel()
	for named, want := range map[string][]string{
		"":                                     {"repository:team/app:pull"},
		"repository:library/team/app:pull":     {"repository:library/team/app:pull"},
		"repository:team/app:pull,push,delete": {"repository:team/app:pull"},
		"repository:team/app:*":                {"repository:team/app:pull"},
		"repository:team/app:push":             {"repository:team/app:pull"},
		"registry:catalog:*":                   {"repository:team/app:pull"},
		"repository:host:5000/a/b:pull repository:c/d:push,pull registry:catalog:* repository:c/d:pull": {"repository:host:5000/a/b:pull", "repository:c/d:pull"},
		"repository(plugin):team/app:pull": {"repository(plugin):team/app:pull"},
		"repository::pull":                 {"repository:team/app:pull"},
		"pull":                             {"repository:team/app:pull"},
	} {
		var got []string
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/token":
				got = r.URL.Query()["scope"]
				fmt.Fprint(w, `{"token":"abc"}`)
			case r.Header.Get("Authorization") != "":
				fmt.Fprint(w, small)
			default:
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",scope="`+named+`"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		if _, err, _ := callOCI(t, h, "", "team/app", sha); err != nil {
			t.Errorf("%q: %v", named, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", named, diff)
		}
	}
}

// TestARegistryBehindAMirror knows its repositories by another name, and offers
// a password too.
func TestARegistryBehindAMirror(t *testing.T) {
	t.Parallel()
	w := ociWorld(func(o *ocitest.Options) { o.Namespace, o.Both, o.Private = "library/", true, true })
	if out, err, _ := callOCI(t, w, "good", repo, sha); err != nil || out["digest"] != w.Digest(repo, sha) {
		t.Errorf("got %v, %v", out, err)
	}
}

// TestTheExpiryOfATag is in the result, of a tag that will expire.
func TestTheExpiryOfATag(t *testing.T) {
	t.Parallel()
	opts := world()
	ends := opts.Now().Add(14 * 24 * time.Hour)
	tag := opts.Repositories[repo][0]
	tag.Name, tag.Expires = "soon", &ends
	opts.Repositories[repo] = append(opts.Repositories[repo], tag)
	for name, want := range map[string]any{"soon": ends.UTC().Format(time.RFC3339), "list": nil} {
		got, err, _ := call(t, quaytest.New(opts), "good", map[string]any{"repository": repo, "tag": name})
		if err != nil || got["expires"] != want {
			t.Errorf("%s: got %v, %v, want %v", name, got["expires"], err, want)
		}
	}
	if _, err, _ := call(t, quaytest.New(opts), "good", map[string]any{"repository": repo, "tag": "old"}); err == nil || err.Code != types.NotFound {
		t.Errorf("one that expired: %v", err)
	}
}
