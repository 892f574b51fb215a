package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// TestWhatAPersonAddsStays: the configuration of a sandbox is a person's too.
func TestWhatAPersonAddsStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "skillrun.yaml")
	reopen := func(o sandbox.Options) (string, string) {
		t.Helper()
		o.Dir, o.Now, o.Addr = dir, time.Now, "127.0.0.1:0"
		w, err := sandbox.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text), w.URL()
	}
	text, url := reopen(sandbox.Options{})
	edited := strings.NewReplacer(
		"config:\n", "  # mine\n  alerts: {kind: http, url: "+url+"/alerts}\nconfig:\n  place: here\n",
		"policy: {confirm: never", "policy: {confirm: always",
		"  jira_project: AAP\n", "  jira_project: ABC\n",
		"  slack: ", "  #slack: ",
	).Replace(text)
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []sandbox.Options{{}, {Registry: "oci", Deployment: "datacenter"}, {Registry: "quay", Deployment: "cloud"}} {
		got, now := reopen(o)
		want := strings.ReplaceAll(edited, url, now)
		if o.Registry == "oci" {
			want = strings.NewReplacer(now+"/quay, api: quay", now+", api: oci, user: team+robot", "deployment: cloud, user: release-bot@example.com", "deployment: datacenter").Replace(want)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%+v (-want +got):\n%s", o, d)
		}
	}
}
