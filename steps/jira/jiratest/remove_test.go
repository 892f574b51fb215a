package jiratest_test

import (
	"testing"

	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// TestWhatIsDeleted deletes a comment and a link, and what is not there.
func TestWhatIsDeleted(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.srv.File("AAP", "one", "red", "green")
	w.want("POST", "/issue/AAP-1/remotelink", `{"globalId":"g","object":{"url":"https://x","title":"t"}}`, 201, `{"id":10002,"self":"/rest/api/2/issue/10001/remotelink/10002"}`)
	w.want("DELETE", "/issue/AAP-1/remotelink", "", 400, said("The globalId parameter is required."))
	w.want("DELETE", "/issue/AAP-1/remotelink?globalId=h", "", 404, said("The remote issue link with the global ID 'h' does not exist."))
	w.want("DELETE", "/issue/AAP-2/remotelink?globalId=g", "", 404, said(noIssue))
	w.want("DELETE", "/issue/AAP-1/remotelink?globalId=g", "", 204, "")
	if err := w.srv.Comment("AAP-1", "b"); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.send("GET", "/issue/AAP-1/comment/10003", ""); status != 200 {
		t.Errorf("got %d", status)
	}
	w.want("GET", "/issue/AAP-2/comment/10003", "", 404, said(noIssue))
	w.want("GET", "/issue/AAP-1/comment/7", "", 404, said("Can not find a comment for the id: 7."))
	w.want("DELETE", "/issue/AAP-1/comment/7", "", 404, said("Can not find a comment for the id: 7."))
	w.want("DELETE", "/issue/AAP-1/comment/10003", "", 204, "")
	if err := w.srv.Unlabel("AAP-1", "red"); err != nil {
		t.Fatal(err)
	}
	if got := w.srv.Issues()[0]; len(got.RemoteLinks) != 0 || len(got.Comments) != 0 || len(got.Labels) != 1 {
		t.Errorf("left %+v", got)
	}
}

func TestWhatMayNotBeDeleted(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *jiratest.Options) { o.Projects[0].Denied = []string{"DELETE_OWN_COMMENTS"} })
	w.srv.File("AAP", "one")
	if err := w.srv.Comment("AAP-1", "b"); err != nil {
		t.Fatal(err)
	}
	w.want("DELETE", "/issue/AAP-1/comment/10002", "", 403, said("You do not have the permission to delete comment with id: 10002."))
}
