package git_test

import (
	"strings"
	"testing"
)

// TestJiraKeysOfSubjects finds the keys of issues, and no names of standards,
// in the subjects that people write.
func TestJiraKeysOfSubjects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ message, any, ours string }{
		{"AAP-61250 - feat: x", "AAP-61250", "AAP-61250"},
		{"fix(AAP-1): MY_PROJ-7, PLATFORMOPS-12 and AAP-1 again", "AAP-1 MY_PROJ-7 PLATFORMOPS-12", "AAP-1 MY_PROJ-7"},
		{"read UTF-8, UTF-16 and ISO-8859-1; hash by SHA-256 and SHA2-512", "", ""},
		{"bump for CVE-2024-3094, RFC-9110 and CWE-79", "", ""},
		{"TLS-1.3, NODE-18.2, GO-1-22 and HTTP-404", "", ""},
		{"Merge branch 'AAP-12-fix' of AAP-13_x into RHEL-AAP-14", "AAP-12 AAP-13 AAP-14", "AAP-12 AAP-13 AAP-14"},
		{"[AAP-2][AAP-3]: (AAP-4), AAP-5/AAP-6. AAP-7", "AAP-2 AAP-3 AAP-4 AAP-5 AAP-6 AAP-7", "AAP-2 AAP-3 AAP-4 AAP-5 AAP-6 AAP-7"},
		{"xAAP-1 AAP-1x ÄAAP-1 AAP-1ä _AAP-1 AAP-0 AAP-01 aap-1 A-1 AAP_-", "", ""},
		{"feat: x\n\nCloses: MY_PROJ-8\nRefs: SUP-9", "MY_PROJ-8 SUP-9", "MY_PROJ-8"},
		{"日本AAP-1 AAP-1。", "AAP-1", "AAP-1"},
		{"SHA-1 of X2-3", "X2-3", ""},
	} {
		r := newRemote(t)
		sha := r.main(commit("said", tt.message, 9, map[string]*string{"x": text(tt.message)}, "c"))
		for want, projects := range map[string][]any{"any " + tt.any: nil, "ours " + tt.ours: {"AAP", "MY_PROJ"}} {
			in := map[string]any{"repo": r.url, "to": sha}
			if projects != nil {
				in["jira_projects"] = projects
			}
			out := r.must("git_log", in)
			var got []string
			for _, k := range out["commits"].([]any)[0].(map[string]any)["jira_keys"].([]any) {
				got = append(got, k.(string))
			}
			if _, want, _ := strings.Cut(want, " "); strings.Join(got, " ") != want {
				t.Errorf("%q %v: %q, want %q", tt.message, projects, got, want)
			}
		}
	}
	r := newRemote(t)
	sha := r.main(commit("sha", "SHA-7 is an issue", 9, map[string]*string{"x": text("x")}, "c"))
	out := r.must("git_log", map[string]any{"repo": r.url, "to": sha, "from": r.shas["c"], "jira_projects": []any{"SHA"}})
	if keys := out["commits"].([]any)[0].(map[string]any)["jira_keys"].([]any); len(keys) != 1 || keys[0] != "SHA-7" {
		t.Errorf("a project of that name: %v", keys)
	}
}
