package cli

import (
	"io"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/live"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/types"
)

// guard puts an outlet before each stream, and returns what flushes them.
func (p *Program) guard() (flush func()) {
	p.vault, p.screen, p.raw = &vault{}, p.Stderr, p.Stdout
	log := p.textOutlet(p.Stderr, p.Terminal, false)
	p.Stderr = log
	if p.forProgram() || p.format == "sarif" || p.format == "gitlab" {
		p.Stdout = jsonOutlet{p.Stdout, p.vault}
		return func() { _ = log.Flush() }
	}
	out := p.textOutlet(p.Stdout, p.OutTerminal, p.format == "github")
	p.Stdout = out
	return func() {
		_ = out.Flush()
		_ = log.Flush()
	}
}

// textOutlet is the last thing before a stream that people read: what gets here holds
// no credential and steers no terminal. Where commands are meant, those of ours that a
// CI service obeys pass. Flush it at the end.
func (p *Program) textOutlet(w io.Writer, terminal, commands bool) *mask.Writer {
	to := w
	if terminal {
		to = render.Wrapper{W: w, Width: func() int { return live.WidthOf(w) }}
	}
	return mask.NewWriter(render.Cleaner{W: to, Styled: p.colour(terminal), Obeyed: p.obeyed(), Commands: commands}, p.vault.Load)
}

// obeyed reports whether a CI service reads the streams that obeys lines of them.
func (p *Program) obeyed() bool {
	return p.env("GITHUB_ACTIONS") != "" || p.env("TF_BUILD") != "" || p.env("TEAMCITY_VERSION") != ""
}

// look is what diagnostics are printed on: the terminal at stderr, or none.
func (p *Program) look() render.Look {
	look := render.Look{Colour: p.colour(p.Terminal)}
	if p.Terminal {
		look.Width = live.WidthOf(p.screen)
	}
	return look
}

// pageWidth is how wide pages are printed.
func (p *Program) pageWidth() int {
	const most, least = 92, 40
	if !p.OutTerminal {
		return most
	}
	return max(least, min(most, live.WidthOf(p.raw)))
}

// leaks refuses a run of which the journal would hold a credential before any
// service said one: in its inputs, its configuration values or a skill's text.
func leaks(cfg *config.Config, bound *engine.Bound) (diags diag.List) {
	skill, finds := bound.Skill, cfg.Mask().Finds
	if !finds(string(types.Encode(bound.Program))) && !finds(string(skill.Text)) {
		return nil
	}
	say := func(at diag.Range, what string) {
		diags.Errorf("secret-leak", at, "%s holds the credential of a service", what).
			Hint = "take it out: steps name a service, and the configuration names its credential"
	}
	for _, name := range types.SortedKeys(bound.Inputs) {
		if finds(types.Show(bound.Inputs[name])) {
			say(diag.Range{File: "--input " + name}, "input "+name)
		}
	}
	for _, name := range types.SortedKeys(bound.Config) {
		if finds(types.Show(bound.Config[name])) {
			say(cfg.PlaceOf(skill.Name, name), "config value "+name)
		}
	}
	if len(diags) == 0 {
		say(diag.Range{File: skill.File}, "the skill, or one that it calls,")
	}
	return diags
}

// jsonOutlet is the same for a program. Each write is whole JSON, and stays it.
type jsonOutlet struct {
	w     io.Writer
	vault *vault
}

func (j jsonOutlet) Write(data []byte) (int, error) {
	if _, err := io.WriteString(j.w, render.CleanJSON(string(j.vault.Load().JSON(data)))); err != nil {
		return 0, err
	}
	return len(data), nil
}
