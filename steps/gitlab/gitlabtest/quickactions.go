package gitlabtest

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// quickActions are the names GitLab knows on a merge request.
var quickActions = []string{
	"approve", "unapprove", "merge", "close", "reopen", "label", "labels", "unlabel", "remove_label", "relabel",
	"title", "assign", "reassign", "unassign", "assign_reviewer", "reviewer", "request_review", "unassign_reviewer",
	"remove_reviewer", "reassign_reviewer", "draft", "ready", "target_branch", "rebase", "lock", "unlock",
	"milestone", "remove_milestone", "todo", "done", "subscribe", "unsubscribe", "award", "react", "estimate",
	"remove_estimate", "spend", "spent", "remove_time_spent", "copy_metadata", "submit_review", "cc",
	"shrug", "tableflip", "attention", "remove_attention", "invite_email", "clone", "move", "duplicate",
	"confidential", "create_merge_request", "due", "remove_due_date", "epic", "iteration", "weight", "severity",
	"promote", "zoom", "tag", "publish",
}

var actionLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\s\p{Zs}]*/([A-Za-z_]+)(?:\s+(.*))?$`) })

// runQuickActions carries out the quick actions in text and returns the text
// without them.
func (s *Server) runQuickActions(m *mergeRequest, user, text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		match := actionLine().FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if match == nil || !slices.Contains(quickActions, strings.ToLower(match[1])) {
			kept = append(kept, line)
			continue
		}
		name := strings.ToLower(match[1])
		s.record(user, m, "/"+name)
		s.act(m, user, name, strings.TrimSpace(match[2]))
	}
	return strings.Join(kept, "")
}

// act carries out the actions that change what a merge request says; what an
// action may not do, as a second approval, is passed over in silence.
func (s *Server) act(m *mergeRequest, user, name, rest string) {
	switch name {
	case "approve":
		_ = s.approve(m, user)
	case "unapprove":
		s.unapprove(m, user)
	case "merge":
		_ = s.merge(m, user)
	case "close":
		_ = s.close(m, user)
	case "reopen":
		_ = s.reopen(m, user)
	case "title":
		m.Title = rest
	case "draft":
		m.Title = "Draft: " + draftPattern().ReplaceAllString(m.Title, "")
	case "ready":
		m.Title = draftPattern().ReplaceAllString(m.Title, "")
	case "target_branch":
		m.TargetBranch = rest
	case "label", "labels":
		m.Labels = union(m.Labels, words(rest, "~"))
	case "unlabel", "remove_label":
		m.Labels = minus(m.Labels, words(rest, "~"))
	case "assign":
		m.Assignees = union(m.Assignees, s.known(words(rest, "@")))
	case "assign_reviewer", "reviewer", "request_review":
		m.Reviewers = union(m.Reviewers, s.known(words(rest, "@")))
	}
}

// words returns the words of text that begin with the sign, without it.
func words(text, sign string) []string {
	var out []string
	for _, w := range strings.Fields(text) {
		if name, ok := strings.CutPrefix(w, sign); ok {
			out = append(out, strings.Trim(name, `"`))
		}
	}
	return out
}

func (s *Server) known(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return s.userID(n) == 0 })
}

func union(a, b []string) []string {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

func minus(a, b []string) []string {
	return slices.DeleteFunc(a, func(x string) bool { return slices.Contains(b, x) })
}
