package gitlabtest

import "net/http"

// deleteBranch deletes a branch, but for the default one.
func (s *Server) deleteBranch(rq *request) answer {
	name := rq.args[1]
	git, can := s.opts.Git.(Committer)
	if _, there := s.opts.Git.Branch(rq.project.Path, name); !there || !can {
		return message(http.StatusNotFound, "404 Branch Not Found")
	}
	if name == rq.project.DefaultBranch {
		return message(http.StatusForbidden, "You are not allowed to delete protected branches")
	}
	if err := s.refreshFrom(rq.project.Path, name); err != nil {
		return message(http.StatusInternalServerError, "500 Internal Server Error")
	}
	if err := git.DeleteBranch(rq.project.Path, name); err != nil {
		return message(http.StatusInternalServerError, "500 Internal Server Error")
	}
	rq.changed = true
	return answer{status: http.StatusNoContent}
}

// refreshFrom lets the open merge requests from a branch see it a last time.
func (s *Server) refreshFrom(project, branch string) error {
	for _, m := range s.state.MRs {
		if m.SourceProject == project && m.SourceBranch == branch {
			if err := s.refresh(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFile commits new content of a file to a branch.
func (s *Server) writeFile(rq *request) answer {
	p := rq.params
	if a := p.missing("branch", "content", "commit_message"); a != nil {
		return *a
	}
	git, can := s.opts.Git.(Committer)
	if _, there := s.opts.Git.Branch(rq.project.Path, p.text("branch")); !there || !can {
		return message(http.StatusBadRequest, "You can only create or edit files when you are on a branch")
	}
	_, err := git.Write(Edit{
		Project: rq.project.Path, Branch: p.text("branch"), Path: rq.args[1], Content: p.text("content"), User: rq.user, Message: p.text("commit_message"),
	})
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	rq.changed = true
	return ok(map[string]any{"file_path": rq.args[1], "branch": p.text("branch")})
}
