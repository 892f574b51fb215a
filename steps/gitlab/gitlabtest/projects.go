package gitlabtest

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// place finds the project and the merge request that the path names, and
// whether the user may do this there.
func (s *Server) place(rq *request, rt *route, segments []string) *answer {
	if !strings.HasPrefix(rt.path, "projects/:") {
		return nil
	}
	if a := s.moved(rq, segments); a != nil {
		return a
	}
	p, there := s.visible(rq.user, rq.args[0])
	if !there {
		return placeless("404 Project Not Found")
	}
	if rt.writes && (p.role(rq.user) < Developer || p.Archived) {
		a := message(http.StatusForbidden, "403 Forbidden")
		return &a
	}
	rq.project = p
	if !strings.HasPrefix(rt.path, "projects/:/merge_requests/:") {
		return nil
	}
	iid, err := strconv.Atoi(rq.args[1])
	if err != nil {
		return refuse(http.StatusBadRequest, "merge_request_iid is invalid")
	}
	if rq.mr = s.find(p.Path, iid); rq.mr == nil {
		return placeless("404 Not found")
	}
	if err := s.refresh(rq.mr); err != nil {
		a := message(http.StatusInternalServerError, "500 Internal Server Error")
		return &a
	}
	return nil
}

func placeless(msg string) *answer {
	a := message(http.StatusNotFound, msg)
	return &a
}

// visible finds a project by path or number; one that is hidden from the user
// is not there.
func (s *Server) visible(user, id string) (Project, bool) {
	p, found := s.projectOf(id)
	if n, err := strconv.Atoi(id); err == nil && !found {
		p, found = s.projectByID(n)
	}
	return p, found && !slices.Contains(p.Hidden, user) && (p.role(user) > 0 || p.Visibility != "private")
}

// moved answers for a path that a project had before: reads are sent on,
// writes refused.
func (s *Server) moved(rq *request, segments []string) *answer {
	i := slices.IndexFunc(s.opts.Projects, func(p Project) bool { return slices.Contains(p.Formerly, rq.args[0]) })
	if i < 0 {
		return nil
	}
	if rq.http.Method != http.MethodGet {
		a := message(http.StatusMethodNotAllowed, "Non GET methods are not allowed for moved projects")
		return &a
	}
	to := slices.Clone(segments)
	to[1] = strconv.Itoa(s.opts.Projects[i].ID)
	for j := range to {
		to[j] = url.PathEscape(to[j])
	}
	location := "/api/v4/" + strings.Join(to, "/")
	if q := rq.http.URL.RawQuery; q != "" {
		location += "?" + q
	}
	return &answer{
		status: http.StatusMovedPermanently,
		body:   map[string]any{"message": "This resource has been moved permanently to " + location},
		header: http.Header{"Location": {location}},
	}
}

func (s *Server) getProject(rq *request) answer {
	p := rq.project
	body := map[string]any{
		"id": p.ID, "name": path.Base(p.Path), "path": path.Base(p.Path), "path_with_namespace": p.Path,
		"default_branch": p.DefaultBranch, "web_url": s.opts.URL + "/" + p.Path,
		"http_url_to_repo": s.opts.Clone + "/" + p.Path + ".git",
		"visibility":       p.Visibility, "archived": p.Archived, "empty_repo": false,
		"merge_requests_enabled": !p.NoMergeRequests, "merge_requests_access_level": level(p.NoMergeRequests),
		"jobs_enabled": !p.NoPipelines, "builds_access_level": level(p.NoPipelines), "permissions": p.permissions(rq.user),
	}
	if from, there := s.projectOf(p.ForkedFrom); there {
		body["forked_from_project"] = map[string]any{"id": from.ID, "path_with_namespace": from.Path}
	}
	return ok(body)
}

// level is who may use a part of a project.
func level(off bool) string {
	if off {
		return "disabled"
	}
	return "enabled"
}

func (s *Server) getBranch(rq *request) answer {
	name := rq.args[1]
	sha, there := s.opts.Git.Branch(rq.project.Path, name)
	if !there {
		return message(http.StatusNotFound, "404 Branch Not Found")
	}
	return ok(map[string]any{
		"name": name, "merged": false, "protected": name == rq.project.DefaultBranch,
		"default": name == rq.project.DefaultBranch, "can_push": true,
		"web_url": s.opts.URL + "/" + rq.project.Path + "/-/tree/" + name,
		"commit":  map[string]any{"id": sha, "short_id": sha[:min(8, len(sha))]},
	})
}

func (s *Server) getVersion(*request) answer {
	return ok(map[string]any{"version": "17.6.0-ee", "revision": "stand-in"})
}

// getUser shows an account to itself, with its mail address.
func (s *Server) getUser(rq *request) answer {
	me := s.user(rq.user)
	me["email"], me["public_email"] = rq.user+"@example.com", ""
	return ok(me)
}

func (s *Server) listUsers(rq *request) answer {
	found := []any{}
	for _, u := range s.users {
		name := rq.params.text("username")
		if name == "" || strings.EqualFold(u, name) {
			found = append(found, s.user(u))
		}
	}
	return s.page(rq, found)
}

func (s *Server) user(name string) map[string]any {
	if name == "" {
		return nil
	}
	return map[string]any{
		"id": s.userID(name), "username": name, "name": name, "state": "active",
		"avatar_url": nil, "web_url": s.opts.URL + "/" + name,
	}
}

func (s *Server) usersByName(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, s.user(n))
	}
	return out
}

// usersByID returns the names of ids; an id that no one has is passed over, as
// GitLab does.
func (s *Server) usersByID(ids []int) []string {
	var out []string
	for _, id := range ids {
		if id >= 1 && id <= len(s.users) && !slices.Contains(out, s.users[id-1]) {
			out = append(out, s.users[id-1])
		}
	}
	return out
}

// page cuts the page that was asked for out of all, and says in the headers
// where the rest is.
func (s *Server) page(rq *request, all []any) answer {
	size, page := rq.params.number("per_page", 20), rq.params.number("page", 1)
	if size < 1 || page < 1 {
		return failure(http.StatusBadRequest, "page and per_page must be positive")
	}
	size = min(size, 100)
	count := max(1, (len(all)+size-1)/size)
	from := min((page-1)*size, len(all))
	h := http.Header{}
	set := func(name string, n int, there bool) {
		h.Set(name, "")
		if there {
			h.Set(name, strconv.Itoa(n))
		}
	}
	set("X-Page", page, true)
	set("X-Per-Page", size, true)
	set("X-Total", len(all), true)
	set("X-Total-Pages", count, true)
	set("X-Next-Page", page+1, page < count)
	set("X-Prev-Page", page-1, page > 1)
	h.Set("Link", s.links(rq, page, count))
	return answer{status: http.StatusOK, body: all[from:min(from+size, len(all))], header: h}
}

func (s *Server) links(rq *request, page, count int) string {
	var links []string
	add := func(rel string, n int) {
		q := rq.http.URL.Query()
		q.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", s.opts.URL, rq.http.URL.EscapedPath(), q.Encode(), rel))
	}
	if page < count {
		add("next", page+1)
	}
	if page > 1 {
		add("prev", page-1)
	}
	add("first", 1)
	add("last", count)
	return strings.Join(links, ", ")
}
