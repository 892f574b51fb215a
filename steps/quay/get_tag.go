package quay

import (
	"context"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

type getTagIn struct {
	Repository string `json:"repository" trusted:"true" pattern:"^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$" doc:"The full path of the repository, namespace first, e.g. my-org/backend/api."`
	Tag        string `json:"tag" pattern:"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$" doc:"The tag, e.g. a commit's SHA."`
	Service    string `json:"service,omitempty" default:"quay" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the registry's service in the configuration."`
}

type getTagOut struct {
	Repository string  `json:"repository" doc:"The repository, as given."`
	Tag        string  `json:"tag" doc:"The tag, as given."`
	Digest     string  `json:"digest" doc:"The digest of the manifest that the tag points to."`
	Created    *string `json:"created,omitempty" format:"date-time" doc:"When the tag was moved to this digest; absent with api: oci."`
	Expires    *string `json:"expires,omitempty" format:"date-time" doc:"When the tag will expire; absent when it will not, and with api: oci."`
	Size       int     `json:"size" doc:"The size of the image's layers in bytes; 0 if unknown, as for a manifest list."`
	Image      string  `json:"image" doc:"The image by digest: host/repository@digest."`
}

// The step checks its arguments against these too: what goes into the path of a
// request is never left to the caller alone.
var (
	repositoryPath = types.PatternOf[getTagIn]("repository")
	tagName        = types.PatternOf[getTagIn]("tag")
	digest         = types.Pattern(`^[a-z0-9]+:[0-9a-f]{32,128}$`)
)

func (f family) getTag(ctx context.Context, in getTagIn) (getTagOut, error) {
	if err := checkRepository(in.Repository); err != nil {
		return getTagOut{}, err
	}
	if !tagName().MatchString(in.Tag) {
		return getTagOut{}, types.Errorf(types.BadInput, "%q is not a tag", in.Tag).
			WithHint("a tag is up to 128 letters, digits, dots, dashes and underscores")
	}
	s, name, err := f.pick(in.Service)
	switch {
	case err != nil:
		return getTagOut{}, err
	case s.API == apiOCI:
		return getTagOCI(ctx, name, s, in)
	}
	c, err := newClient(name, s)
	if err != nil {
		return getTagOut{}, err
	}
	return c.getTag(ctx, in)
}

func checkRepository(path string) error {
	if !repositoryPath().MatchString(path) {
		return types.Errorf(types.BadInput, "%q is not the full path of a repository", path).
			WithHint("write namespace/name in lower case, without the host")
	}
	return nil
}

func (c *client) getTag(ctx context.Context, in getTagIn) (getTagOut, error) {
	live, err := c.history(ctx, in.Repository, in.Tag, true)
	if err != nil {
		return getTagOut{}, c.inRepository(err, in.Repository)
	}
	// The name is compared because an older server may not know specificTag.
	i := slices.IndexFunc(live, func(t tagEntry) bool { return t.Name == in.Tag })
	if i < 0 {
		return getTagOut{}, c.gone(ctx, in)
	}
	return c.result(in, live[i])
}

// gone says why there is no live tag: there never was one, or it ended.
func (c *client) gone(ctx context.Context, in getTagIn) error {
	all, err := c.history(ctx, in.Repository, in.Tag, false)
	if err != nil {
		return c.inRepository(err, in.Repository)
	}
	ended := int64(0)
	for _, t := range all {
		if t.Name == in.Tag {
			ended = max(ended, t.EndTS)
		}
	}
	if ended == 0 {
		return c.noTag(in)
	}
	return types.Errorf(types.NotFound, "tag %s of %s ended on %s: it expired, was deleted or was moved", in.Tag, c.place(in.Repository), stamp(ended)).
		WithHint("build and push the image again, or restore the tag in Quay")
}

// inRepository tells a repository that is not there from a tag that is not.
func (c *client) inRepository(err error, repository string) error {
	if types.CodeOf(err) != types.NotFound {
		return err
	}
	return c.noRepository(repository)
}

func (c *client) result(in getTagIn, t tagEntry) (getTagOut, error) {
	if !digest().MatchString(t.Digest) || t.StartTS <= 0 {
		return getTagOut{}, c.notQuay("the tag has no digest or no beginning")
	}
	out := getTagOut{
		Repository: in.Repository, Tag: in.Tag, Digest: t.Digest, Size: t.Size,
		Created: new(stamp(t.StartTS)), Image: c.place(in.Repository) + "@" + t.Digest,
	}
	if t.EndTS > 0 {
		out.Expires = new(stamp(t.EndTS))
	}
	return out, nil
}

func stamp(ts int64) string { return time.Unix(ts, 0).UTC().Format(time.RFC3339) }
