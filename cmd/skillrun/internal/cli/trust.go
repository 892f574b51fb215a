package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

type trustFlags struct {
	list, revoke bool
}

func (p *Program) trustCmd() *cobra.Command {
	var f trustFlags
	c := &cobra.Command{
		Use: "trust [DIR]", Short: "Trust a folder: its skills are found by name, and its skillrun.yaml counts as yours",
		Long: `Shows what the skills of a folder run and reach, and which settings of its
skillrun.yaml need trust, and records that you trust the folder: its path, in your
configuration folder. DIR is the working directory by default. Skills of an untrusted
folder replace no built-in skill and none of your own; they can only be checked,
shown and planned, which runs no program and asks no service. Subfolders are
not included. To trust for one command, use --trust; in CI, SKILLRUN_TRUSTED
names trusted folders, separated by colons, or is 1 for the working directory.`,
		Example: "  skillrun trust\n  skillrun trust ~/src/gitops\n  skillrun trust --list\n  skillrun trust --revoke ~/src/gitops",
		Args:    atMost(1),
		RunE:    func(c *cobra.Command, args []string) error { return p.trustFolder(c.Context(), args, f) },
	}
	c.Flags().BoolVar(&f.list, "list", false, "list the trusted folders")
	c.Flags().BoolVar(&f.revoke, "revoke", false, "no longer trust the folder")
	p.outputFlag(c, new(string))
	c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	return c
}

func (p *Program) trustFolder(ctx context.Context, args []string, f trustFlags) error {
	folders, err := p.trustedFolders()
	if err != nil {
		return refused(err)
	}
	if f.list {
		for _, dir := range folders {
			fmt.Fprintln(p.told(), render.Flat(dir))
		}
		p.tell(trustedList{Folders: folders})
		return nil
	}
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	real, state := realPath(p.path(dir)), "trusted"
	known := slices.Contains(folders, real)
	switch {
	case f.revoke && !known:
		return refused(types.Errorf(types.NotFound, "%s is not trusted", real).WithHint("skillrun trust --list shows the folders that are"))
	case f.revoke:
		state = "not trusted"
		folders = slices.DeleteFunc(folders, func(d string) bool { return d == real })
	default:
		lines, err := p.outline(real)
		if err != nil {
			return err
		}
		for _, line := range lines {
			fmt.Fprintln(p.told(), render.Flat(line))
		}
		if p.Terminal && !p.forProgram() && !known && p.yesOrNo(ctx, "Trust "+render.Flat(real)+`? Type "yes" to continue: `) != engine.Yes {
			return &exitError{code: exitPerson}
		}
		if !known {
			folders = append(folders, real)
		}
	}
	if err := p.writeTrusted(folders); err != nil {
		return err
	}
	fmt.Fprintf(p.told(), "%s is %s\n", render.Flat(real), state)
	p.tell(map[string]any{"folder": real, "trusted": !f.revoke})
	return nil
}

// offerTrust asks whoever sits at a terminal to trust the skill that is to be run.
func (p *Program) offerTrust(ctx context.Context, name string, f runFlags) error {
	if !p.Terminal || f.plan || p.forProgram() {
		return nil
	}
	src, err := p.quiet().find(name)
	if err != nil || !src.Untrusted {
		return nil // what is wrong is said where it is looked for
	}
	fmt.Fprintf(p.Stderr, "the folder of %s is not trusted\n", render.Flat(src.File))
	return p.trustFolder(ctx, nil, trustFlags{})
}

// outline tells what the skills of a folder run and reach, and what its
// configuration says that only the user's own may say.
func (p *Program) outline(dir string) ([]string, error) {
	there := p.quiet()
	there.Dir, there.trust = dir, true
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, refused(types.Errorf(types.NotFound, "there is no folder %s", dir).WithHint("name the folder that holds skills/ or skillrun.yaml"))
	}
	cfg, _ := there.load("")
	cat, err := p.Catalogue(cfg, Folders{Cache: p.cacheDir()})
	if err != nil {
		cat, err = p.catalogue() // the configuration is not right, and is told below
	}
	if err != nil {
		return nil, refused(err)
	}
	var out []string
	if err := engine.SafeFile(filepath.Join(dir, "skills")); err != nil {
		out = append(out, "note: "+types.AsError(err).Message)
	}
	_, diags := config.Load(config.Options{Dir: dir, UserDir: p.userDir(), ReadFile: readFile, Env: p.Env, Kinds: p.Kinds})
	for _, d := range diags {
		out = append(out, config.FileName+": "+d.Message)
	}
	called := newCallees(there, true)
	e := engine.New(engine.Setup{Catalogue: cat, Skills: called.find, StepTypes: called.findStepType, Services: cfg.Reaches})
	for _, src := range slices.Concat(there.skillsIn("skills"), there.skillsIn(filepath.Join("skills", typesDir))) {
		out = append(out, p.outlineOf(e, there, src, cfg)...)
	}
	if len(out) == 0 {
		out = []string{"it has no skills and no step types, and nothing in its " + config.FileName + " needs trust"}
	}
	return out, nil
}

func (p *Program) outlineOf(e *engine.Engine, there *Program, src source, cfg *config.Config) []string {
	skill, diags := e.Check(src.File, src.Text)
	if diags.HasErrors() {
		return []string{src.File + ": does not check: " + firstError(diags)}
	}
	out := []string{src.File + ": " + skill.Description}
	if note := there.shadows(src); note != "" {
		out = append(out, "  "+note)
	}
	for _, line := range e.Outline(skill, p.binding(cfg, skill)) {
		out = append(out, "  "+line)
	}
	return out
}
