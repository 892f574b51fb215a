package gitlabtest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// GitLab's roles, as numbers.
const (
	Guest      = 10
	Reporter   = 20
	Developer  = 30
	Maintainer = 40
)

// Rule is a rule of the instance's own: a merge request whose field does not
// match is refused with that text, as push rules and server plugins do.
type Rule struct {
	Field   string // title, description, source_branch
	Pattern string
	Text    string
}

// role is what the user is in the project; 0 is nothing.
func (p Project) role(user string) int {
	if level, said := p.Roles[user]; said {
		return level
	}
	if slices.Contains(p.Readers, user) {
		return Reporter
	}
	return Developer
}

// permissions is the role as a project tells it. One that comes through an
// invited group is not told there.
func (p Project) permissions(user string) map[string]any {
	out := map[string]any{"project_access": nil, "group_access": nil}
	if level := p.role(user); level > 0 && !slices.Contains(p.Invited, user) {
		out["project_access"] = map[string]any{"access_level": level, "notification_level": 3}
	}
	return out
}

func (s *Server) getMember(rq *request) answer {
	id, err := strconv.Atoi(rq.args[1])
	if err != nil {
		return failure(http.StatusBadRequest, "user_id is invalid")
	}
	if id < 1 || id > len(s.users) || rq.project.role(s.users[id-1]) == 0 {
		return message(http.StatusNotFound, "404 Not found")
	}
	body := s.user(s.users[id-1])
	body["access_level"], body["expires_at"] = rq.project.role(s.users[id-1]), nil
	return ok(body)
}

// scopes are what a token may do.
func (s *Server) scopes(token string) []string {
	if scopes, said := s.opts.Scopes[token]; said {
		return scopes
	}
	return []string{"api"}
}

// outOfScope refuses what the token's scopes do not reach.
func (s *Server) outOfScope(rq *request) *answer {
	scopes := s.scopes(rq.token)
	if slices.Contains(scopes, "api") || rq.http.Method == http.MethodGet && slices.Contains(scopes, "read_api") {
		return nil
	}
	return &answer{status: http.StatusForbidden, body: map[string]any{
		"error": "insufficient_scope", "scope": "api",
		"error_description": "The request requires higher privileges than provided by the access token.",
	}}
}

// getToken tells a token about itself.
func (s *Server) getToken(rq *request) answer {
	body := map[string]any{
		"id": s.userID(rq.user), "name": rq.user + "'s token", "revoked": false, "description": nil, "active": true,
		"created_at": "2026-01-01T00:00:00.000Z", "last_used_at": nil, "user_id": s.userID(rq.user), "scopes": s.scopes(rq.token), "expires_at": nil,
	}
	if day := s.opts.Expires[rq.token]; day != "" {
		body["expires_at"] = day
	}
	return ok(body)
}

// refuseByRule applies the project's own rules.
func refuseByRule(project Project, p params) *answer {
	var broken []string
	for _, r := range project.Rules {
		if !regexp.MustCompile(r.Pattern).MatchString(p.text(r.Field)) {
			broken = append(broken, cmp.Or(r.Text, r.Field+" is invalid"))
		}
	}
	if broken == nil {
		return nil
	}
	a := message(http.StatusUnprocessableEntity, broken)
	return &a
}

// Group is a group of the server, whose members everybody sees.
type Group struct {
	Path    string
	ID      int
	Members []string
}

func (s *Server) groupOf(path string) *Group {
	i := slices.IndexFunc(s.opts.Groups, func(g Group) bool { return strings.EqualFold(g.Path, path) })
	if i < 0 {
		return nil
	}
	return &s.opts.Groups[i]
}

func (s *Server) getGroup(rq *request) answer {
	g := s.groupOf(rq.args[0])
	if g == nil {
		return message(http.StatusNotFound, "404 Group Not Found")
	}
	name := g.Path[strings.LastIndex(g.Path, "/")+1:]
	return ok(map[string]any{
		"id": g.ID, "path": name, "full_path": g.Path, "name": name, "full_name": strings.ReplaceAll(g.Path, "/", " / "),
		"web_url": s.opts.URL + "/groups/" + g.Path, "visibility": "private", "created_at": "2026-01-01T00:00:00.000Z",
	})
}

func (s *Server) getGroupMember(rq *request) answer {
	g := s.groupOf(rq.args[0])
	if g == nil {
		return message(http.StatusNotFound, "404 Group Not Found")
	}
	id, err := strconv.Atoi(rq.args[1])
	if err != nil {
		return failure(http.StatusBadRequest, "user_id is invalid")
	}
	if id < 1 || id > len(s.users) || !slices.Contains(g.Members, s.users[id-1]) {
		return message(http.StatusNotFound, "404 Not found")
	}
	body := s.user(s.users[id-1])
	body["access_level"], body["expires_at"] = Developer, nil
	return ok(body)
}
