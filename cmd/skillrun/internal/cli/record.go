package cli

import (
	"fmt"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/skilltest"
)

// recordTest prints a run as a case.
func (p *Program) recordTest(f testFlags) error {
	e, err := p.reader(f.site)
	if err != nil {
		return err
	}
	run, err := e.Find(f.record)
	if err != nil {
		return refused(err)
	}
	text, err := recordedCase(e, run)
	if err != nil {
		return refused(err)
	}
	fmt.Fprint(p.Stdout, text)
	return nil
}

// recordedCase is a file of tests with a run as its one case.
func recordedCase(e *engine.Engine, run engine.Summary) (string, error) {
	got, err := e.Recorded(run.ID)
	if err != nil {
		return "", err
	}
	now, err := e.Inspect(run)
	if err != nil {
		return "", err
	}
	r := skilltest.Recording{
		Run: run.ID, Program: got.Program, Now: got.Now, Timezone: got.Zone, Command: got.Command, State: recordedState(now), Outputs: now.Outputs, Failure: now.Failure,
	}
	for _, a := range got.Answers {
		r.Answers = append(r.Answers, skilltest.Recorded(a))
	}
	return r.Case()
}

// recordedState is how a test would end that goes as the run did.
func recordedState(i engine.Inspection) string {
	switch {
	case i.Failure != nil:
		return skilltest.Failed
	case string(i.State) == string(engine.Rejected):
		return skilltest.Rejected
	case string(i.State) == string(engine.Done):
		return skilltest.Done
	}
	return skilltest.Parked
}
