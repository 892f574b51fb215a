package git

import (
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// identities are the author and the committer of our commits. Their dates are
// the run's start in UTC, so that a resumed run makes the same commit.
func (s Service) identities(at time.Time) (author, committer object.Signature, err error) {
	at = at.UTC().Truncate(time.Second)
	author = object.Signature{Name: s.AuthorName, Email: s.AuthorEmail, When: at}
	if author.Name == "" {
		author.Name, author.Email = "skillrun", "skillrun@localhost"
	}
	committer = author
	if s.CommitterName != "" {
		committer.Name, committer.Email = s.CommitterName, s.CommitterEmail
	}
	if s.SignOff && s.AuthorName == "" && s.CommitterName == "" {
		return author, committer, types.Errorf(types.BadInput, "sign_off is on, but neither author nor committer is named").
			WithHint("add author: Name <mail> or committer: Name <mail> under the git service in skillrun.yaml")
	}
	for _, part := range []string{author.Name, author.Email, committer.Name, committer.Email} {
		if strings.ContainsAny(part, "<>\n\x00") {
			return author, committer, types.Errorf(types.BadInput, "%q cannot be used in a commit", part).
				WithHint("leave < and > out of author and committer under the git service in skillrun.yaml")
		}
	}
	return author, committer, nil
}

// withTrailers is a commit's message with our trailers: a sign-off, unless the
// message has it, and the key, always last. They join the trailers that the
// message ends in, as git interpret-trailers has it.
func (s Service) withTrailers(message, key string, committer object.Signature) string {
	return s.signedOff(beforeTrailer(message), committer) + trailer + ": " + key + "\n"
}

// beforeTrailer is a message to which a trailer can be added.
func beforeTrailer(message string) string {
	message = withoutBlankEnd(message) + "\n"
	if trailerStart(message) == len(message) {
		message += "\n"
	}
	return message
}

// signedOff is a message with a sign-off, where that is asked for and it has none.
func (s Service) signedOff(message string, committer object.Signature) string {
	line := "Signed-off-by: " + committer.Name + " <" + committer.Email + ">\n"
	if !s.SignOff || strings.Contains(message+"\n", "\n"+line) {
		return message
	}
	return beforeTrailer(message) + line
}
