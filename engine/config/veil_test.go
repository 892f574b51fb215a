package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/steps"
)

// TestVeiled: keys are shown, and where they stand; nothing else is.
func TestVeiled(t *testing.T) {
	t.Parallel()
	const text = `# Pat-Secret1
site: Pat-Secret1
services:
  gitlab: {url: "https://x, {y}?t=Pat-Secret1", tokn: Pat-Secret1, token: [Pat-Secret1, a: Pat-Secret1]}
  jira:
    url: https://u:Pat-Secret1@x.example.com # Pat-Secret1
    token: "Pat-Secret1
    tokens: {Pat-Secret1: x, pat: Pat-Secret1}
    - name: Pat-Secret1
  Pat-Secret1: {}
  Pat-Secret1
config: {list: [Pat-Secret1], deep: {er: Pat-Secret1}}
`
	const want = `* ***********
site: ***********
services:
  gitlab: {url: *********** ******************, tokn: ***********, token: ************* ** ************}
  jira:
    url: *********************************** * ***********
    token: ************
    tokens: ************* ** **** ************
    - ***** ***********
  ************ **
  ***********
config: {list: *************, deep: {er: ***********}}
`
	got := string(config.Veiled([]byte(text)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNoValueIsSaid: whatever is wrong with a line of the file, neither the
// message nor the line says what stood there.
func TestNoValueIsSaid(t *testing.T) {
	t.Parallel()
	for _, member := range []string{
		"tokn: %s", "token: [%s]", "token: {%s: x}", "token: {a: %s}", "token: '%s", "token: \"%s", "token: %s, token: %s", "token: %s: x", "token: !x %s", "token: &%s x", "token: *%s",
		"token: @%s", "token: |%s", "token: ${{ %s }}", "url: 'https://x.example.com?t=%s'", "url: 'https://u:%s@x.example.com'", "url: 'https://x.example.com#%s'", "url: %s", "url: 'ftp://%s'", "url: 'https://%s:x'",
		"user: [%s]", "user: 'env:%s x'", "credentials: %s", "kind: %s", "api: %s", "deployment: %s", "author: %s", "header: 'x %s'", "timeout: %s", "ca: [%s]", "signing_key: '-----BEGIN PRIVATE KEY %s'", "sign_off: %s", "root: [%s]", "%s: 1", "%s", "'%s': {a: 1}",
		"token %s", "token %s: x", "token=%s", "token:%s", "token: {deep: {%s: x}}", "[%s]: x", "? %s", "url: {%s: {a: 1}}",
	} {
		for _, secret := range []string{"glpat-Zx81_kQ77fTq0pLm2Vb", "HunTer2", "0123456789", "12.5e7", "xoxb 77", "hunter2", "supersecret", "correct-horse", "s3cr3t_v4lue"} {
			said := strings.ReplaceAll(member, "%s", secret)
			for _, text := range []string{
				fmt.Sprintf("services:\n  gitlab: {url: 'https://x.example.com', %s}\n", said),
				fmt.Sprintf("services:\n  gitlab:\n    %s\n    timeout: 5s\n", said),
				fmt.Sprintf("site: {%s}\ntimezone: %s\npolicy: {%s, confirm: %s, settle: %s}\n", said, secret, said, secret, secret),
			} {
				cfg, list := config.Parse("f.yaml", []byte(text), steps.Kinds())
				if got := show(list); strings.Contains(got, secret) {
					t.Errorf("%s\n%s", text, got)
				}
				for _, list := range []diag.List{cfg.Unmet([]config.Need{{Service: "gitlab", Kind: "gitlab"}}), {cfg.NoKind(cfg.Services["gitlab"])}} {
					if got := show(list); strings.Contains(got, secret) {
						t.Errorf("%s\n%s", text, got)
					}
				}
				if got := string(config.Veiled([]byte(text))); strings.Contains(got, secret) {
					t.Errorf("%s\nis shown as\n%s", text, got)
				}
			}
		}
	}
}
