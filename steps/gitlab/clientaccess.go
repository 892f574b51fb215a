//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"net/http"
	"strings"
	"time"

	gl "github.com/xanzy/go-gitlab"

	"github.com/skillrun/skillrun/engine/types"
)

// token is what GitLab says of the token that it is asked with.
type token struct {
	Name   string
	Scopes []string
	Ends   time.Time // zero when it does not end
}

// access is a project as an examination sees it. GitLab tells less of it to
// those who may see less: what it does not tell stays nil or empty.
type access struct {
	ID            int    `json:"id"`
	Path          string `json:"path_with_namespace"`
	Visibility    string `json:"visibility"`
	Archived      bool   `json:"archived"`
	MergeRequests string `json:"merge_requests_access_level"`
	Builds        string `json:"builds_access_level"`
	Permissions   struct {
		Project *grant `json:"project_access"`
		Group   *grant `json:"group_access"`
	} `json:"permissions"`
	ForkedFrom *struct {
		ID   int    `json:"id"`
		Path string `json:"path_with_namespace"`
	} `json:"forked_from_project"`
}

type grant struct {
	Level int `json:"access_level"`
}

// role is the higher of the two that a project tells, 0 when it tells none.
func (a access) role() int {
	level := 0
	for _, g := range []*grant{a.Permissions.Project, a.Permissions.Group} {
		if g != nil {
			level = max(level, g.Level)
		}
	}
	return level
}

func (c *client) self(ctx context.Context) (token, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read the token")
	t, resp, err := c.api.PersonalAccessTokens.GetSinglePersonalAccessToken(gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return token{}, err
	}
	out := token{Name: t.Name, Scopes: t.Scopes}
	if t.ExpiresAt != nil {
		out.Ends = time.Time(*t.ExpiresAt)
	}
	return out, nil
}

// access reads a project; the library would make "not told" into "no".
func (c *client) access(ctx context.Context, path string) (access, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up project "+path)
	var a access
	resp, err := c.read("projects/"+gl.PathEscape(path), nil, gl.WithContext(ctx), &a)
	if err := x.end(raw(resp), err); err != nil {
		return access{}, err
	}
	if a.ID == 0 {
		return access{}, noAnswer(x, "the answer has no id")
	}
	return a, checkMoved(path, a.Path)
}

// member is the role of someone in a project, also by way of groups that were
// invited; 0 when there is none.
func (c *client) member(ctx context.Context, path string, id int) (int, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up the role in "+path)
	m, resp, err := c.api.ProjectMembers.GetInheritedProjectMember(path, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		if types.CodeOf(err) == types.NotFound {
			return 0, nil
		}
		return 0, err
	}
	return int(m.AccessLevel), nil
}

func (c *client) group(ctx context.Context, path string) error {
	ctx, x := withExchange(ctx, http.MethodGet, "look up group "+path)
	without := false
	g, resp, err := c.api.Groups.GetGroup(path, &gl.GetGroupOptions{WithProjects: &without}, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return err
	}
	if !strings.EqualFold(g.FullPath, path) {
		return noAnswer(x, "the answer is about %s", g.FullPath)
	}
	return nil
}

// inGroup reports whether someone is a member of a group, also by way of a group
// around it or one that was invited.
func (c *client) inGroup(ctx context.Context, path string, id int) (bool, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up the members of group "+path)
	m, resp, err := c.api.GroupMembers.GetInheritedGroupMember(path, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		if types.CodeOf(err) == types.NotFound {
			return false, nil
		}
		return false, err
	}
	return m.ID == id && m.State == "active", nil
}
