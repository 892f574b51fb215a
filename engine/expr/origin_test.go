package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLogicOfTheOldParsers writes what the engine before this one did in Python
// as expressions: each is checked, and gives what its author meant, also where
// the Python did not.
func TestLogicOfTheOldParsers(t *testing.T) {
	t.Parallel()
	text, integer := types.OfKind(types.String), types.OfKind(types.Integer)
	scope := Scope{Vars: types.ObjectOf(types.Field{Name: "out", Type: text}, types.Field{Name: "names", Type: types.ListOf(text)},
		types.Field{Name: "key", Type: text.Maybe()}, types.Field{Name: "limits", Type: types.MapOf(integer)})}
	for _, test := range []struct{ name, out, src, want string }{
		{"parse_git_log", "abc1234 feat: x\n(no commit)\n0123456789abcdef fix: y\n",
			`map(filter(lines(out), # matches "^[0-9a-f]{7,40} "), ({sha: #[0:7], message: truncate(split(#, " ", 2)[1], 60)}))`,
			`[{"message":"feat: x","sha":"abc1234"},{"message":"fix: y","sha":"0123456"}]`},
		{"parse_git_branches", "* main\n  feature/aap-12345-x\n  remotes/origin/bugfix/aap-67890-y\n  remotes/origin/HEAD -> origin/main\n",
			`unique(filter(map(lines(out), trim_prefix(trim_prefix(trim(#), "* "), "remotes/origin/")), not (# startsWith "HEAD") && # not in ["", "main", "master"] && contains_ignore_case(#, key ?? "")))`,
			`["feature/aap-12345-x"]`},
		{"extract_version_suffix", "release-v10", `int(regex_find(out, "-v(?P<n>[0-9]+)$")?.n ?? "1")`, `10`},
		{"extract_ephemeral_namespace", "Reserved NAMESPACE=Ephemeral-def456!", `regex_find(lower(out), "ephemeral-[a-z0-9]+") ?? ""`, `"ephemeral-def456"`},
		{"extract_git_sha", "image at SHA: `0123456789ab`",
			`regex_find(out, "SHA[:\\s]+` + "`" + `?(?P<sha>[a-f0-9]{7,40})")?.sha ?? (regex_find(out, "\\b[0-9a-f]{40}\\b") ?? "")`, `"0123456789ab"`},
		{"parse_kubectl_pods", "NAME   READY  STATUS  RESTARTS  AGE\nweb-1  1/1    Running  0   1h\njob-2  0/1  Pending 3 5m\n",
			`map(map(filter(lines(out), trim(#) != "")[1:], words(#)), ({name: #[0], restarts: int(#[3]), healthy: #[2] == "Running" && split(#[1], "/")[0] == split(#[1], "/")[1]}))`,
			`[{"healthy":true,"name":"web-1","restarts":0},{"healthy":false,"name":"job-2","restarts":3}]`},
		{"parse_alertmanager_output", "alertname=HighLatency\nseverity=warning\nalertname: Down\nseverity: critical\n",
			`map(regex_find_all(out, "alertname[=:\\s]+(?P<name>\\S+)\\s+severity[=:\\s]+(?P<severity>\\S+)"), .name + "/" + .severity)`, `["HighLatency/warning","Down/critical"]`},
		{"validate_commit_message", "AAP-12345 - feat(api): add endpoint",
			`regex_find(out, "^(?P<key>[A-Z]{2,10}-[0-9]{3,6})\\s*-\\s*(?P<type>\\w+)(?:\\((?P<scope>[^)]+)\\))?:\\s*(?P<text>.{3,})$")?.type in ["feat", "fix", "chore"]`, `true`},
		{"linkify_jira_keys", "fixes AAP-1 and AAP-22.", `regex_replace(out, "AAP-[0-9]+", "[$0](" + trim_suffix("https://jira/", "/") + "/browse/$0)")`,
			`"fixes [AAP-1](https://jira/browse/AAP-1) and [AAP-22](https://jira/browse/AAP-22)."`},
		{"extract_mr_id_from_text", "see https://gitlab/x/-/merge_requests/1459 and !7", `int(regex_find(out, "(?:merge_requests/|!)(?P<id>[0-9]+)")?.id ?? "0")`, `1459`},
		{"is_bot_comment", "/retest please", `any(["/retest", "/lgtm", "starting pipeline"], contains_ignore_case(out, #))`, `true`},
		{"get_next_version", "", `next_name(names, "release-2026")`, `"release-2026-v3"`},
		{"check_deployed_sha", "resourceTemplates:\n- name: web\n  targets:\n  - namespace: {$ref: /ns/tower-stage.yml}\n    ref: main\n  - namespace: {$ref: /ns/tower-prod.yml}\n    ref: e6e4a6aa5c5d93c5d9406dc7660c2bea097234c2\n",
			`map(filter(flatten(map(as(from_yaml(out), "{resourceTemplates: list<{targets: list<{namespace: map<string>, ref: string}>}>}").resourceTemplates, .targets)), path_base(.namespace["$ref"] ?? "") == "tower-prod.yml"), .ref[0:7])`,
			`["e6e4a6a"]`},
		{"counts by status", `[{"status": "open", "by": "ada"}, {"status": "done"}, {"status": "open"}]`,
			`map(sort_by(group_by(as(from_json(out), "list<{status: string, by: optional string}>"), .status), -len(.items)), .key + ": " + string(len(.items)))`, `["open: 2","done: 1"]`},
		{"a window of time", "2026-02-20T23:30:00+01:00", `date_diff(out, now(), "days") <= 7 && weekday(out, "Europe/Dublin") <= 5`, `true`},
		{"the month before", "", `format_date(date_add(start_of(today("Europe/Dublin"), "month"), "-1d"), "%B %Y")`, `"January 2026"`},
		{"the last ten, newest first", "", `take(reverse(sort_by(names, #)), 2)`, `["release-2026-v2","release-2026-old"]`},
		{"a branch for a ticket", "Fix: login fails (again)", `lower(key ?? "none") + "-" + slug(out, 16)`, `"12345-fix-login-fails"`},
		{"limits with defaults", "", `map(entries(merge({cpu: 1, pods: 5}, limits)), .key + "=" + string(.value))`, `["cpu=1","mem=3","pods=9"]`},
		{"the query of a search", "", `"https://jira/search?" + url_query({jql: "key = " + (key ?? ""), maxResults: 50})`, `"https://jira/search?jql=key%20%3D%2012345&maxResults=50"`},
		{"a kubeconfig's secret", "aGVsbG8=", `base64_decode(out)`, `"hello"`},
	} {
		e, problems := Parse(test.src)
		if len(problems) > 0 {
			t.Errorf("%s: %s", test.name, complaint(test.src, problems))
			continue
		}
		if _, problems := e.Check(scope); len(problems) > 0 {
			t.Errorf("%s: %s", test.name, complaint(test.src, problems))
			continue
		}
		v, err := e.Eval(Env{Now: time.Date(2026, 2, 24, 9, 30, 0, 0, time.UTC), Vars: map[string]any{"out": test.out, "key": "12345", "limits": map[string]any{"pods": 9, "mem": 3},
			"names": []any{"release-2026", "release-2026-v2", "release-2026-old"}}})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, strings.TrimSpace(string(types.Encode(v)))); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}
