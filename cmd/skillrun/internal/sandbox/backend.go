package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/skillrun/skillrun/steps/git/gittest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

// Fixtures names the commits of the backend that tests and scripts need.
type Fixtures struct {
	ReleaseSHA string `json:"release_sha"`  // on main, five commits ahead of production, with an image
	ProdSHA    string `json:"prod_sha"`     // what production runs
	NoImageSHA string `json:"no_image_sha"` // on main, without an image
	UnknownSHA string `json:"unknown_sha"`  // nowhere
	OlderSHA   string `json:"older_sha"`    // behind production, with an image: a rollback
	BranchSHA  string `json:"branch_sha"`   // on an unmerged branch, with an image
}

func fixturesOf(shas map[string]string) Fixtures {
	return Fixtures{
		ReleaseSHA: shas["release"], ProdSHA: shas["prod"], NoImageSHA: shas["tip"],
		UnknownSHA: strings.Repeat("0123456789", 4), OlderSHA: shas["older"], BranchSHA: shas["branch"],
	}
}

// epoch is when the fixtures' history begins. It never changes, so neither do
// their SHAs.
var epoch = time.Date(2025, 11, 3, 9, 0, 0, 0, time.UTC)

// one is a line of a history: a name other lines refer to (may be empty), its
// parents ("" is the line before), and the message.
type one struct{ name, parents, message string }

// backendHistory has what histories have: merges, a revert, Jira keys in
// several places, names and subjects beyond ASCII, and text that means
// something to other systems: quick actions, template holes, mentions, HTML.
var backendHistory = []one{
	{"", "", "AAP-60001 - feat(api): Serve the health endpoint"},
	{"", "", "AAP-60002 - feat(db): Add the first migration"},
	{"", "", "AAP-60005 - test: Cover the configurator"},
	{"", "", "chore: Pin the base image"},
	{"", "", "AAP-60010 - feat(ingestion): Read bundles from the bucket"},
	{"", "", "docs: Explain how to run it"},
	{"", "", "AAP-60011 - fix(ingestion): Skip empty bundles"},
	{"reports1", "", "AAP-60020 - feat(reports): First report"},
	{"", "", "AAP-60021 - feat(reports): Second report"},
	{"side1", "reports1", "AAP-60022 - perf(reports): Cache the aggregates"},
	{"merge1", "*-2 side1", "Merge branch 'perf-reports' into 'main'\n\nAAP-60022 - perf(reports): Cache the aggregates\n\nSee merge request !41"},
	{"", "", "AAP-60030 - feat(auth): Check the identity header"},
	{"", "", "AAP-60031 - fix(auth): Größenprüfung für Köpfe, gemeldet von Zoë"},
	{"", "", "AAP-60033, AAP-60034 - refactor(db): One session a request"},
	{"", "", "ci: Run the linters first"},
	{"", "", "AAP-60040 - feat(billing): Count the hosts"},
	{"", "", "AAP-60041 - fix(billing): Count each host once"},
	{"", "", "chore: 更新依赖"},
	{"", "", "AAP-60050 - feat(api): Page the results"},
	{"", "", "AAP-60051 - fix(api): The last page is not empty"},
	{"side2base", "", "AAP-60052 - docs(api): Describe the pages"},
	{"side2", "side2base", "AAP-60060 - feat(export): Write CSV"},
	{"side3", "side2", "AAP-60061 - feat(export): Write JSON"},
	{"", "side2base", "AAP-60062 - fix(db): Wait for the replica"},
	{"merge2", "*-1 side3", "Merge branch 'export' into 'main'\n\nAAP-60060, AAP-60061\n\nSee merge request !57"},
	{"", "", "Revert \"AAP-60061 - feat(export): Write JSON\"\n\nThis reverts the second commit of the branch."},
	{"", "", "AAP-60070 - feat(reports): Third report"},
	{"", "", "AAP-60071 - fix(reports): Sum in the right zone"},
	{"older", "", "AAP-60072 - chore(release): Prepare 1.4"},
	{"", "", "AAP-60080 - feat(ingestion): Retry a bundle"},
	{"", "", "AAP-60081 - perf(ingestion): Read in parallel"},
	{"", "", "AAP-60082 - fix(ingestion): Close every file"},
	{"", "", "test: Do not depend on the clock"},
	{"", "", "AAP-60090 - feat(api): Filter by organization"},
	{"", "", "AAP-60091 - fix(api): Escape the filter"},
	{"", "", "AAP-60092 - docs: Update the changelog"},
	{"branchbase", "", "AAP-61200 - fix(api): Answer 404 for unknown reports"},
	{"branch", "branchbase", "AAP-61300 - feat(api): Version three, not merged yet"},
	{"prod", "branchbase", "AAP-61210 - chore(release): Prepare 1.5"},
	{"", "", "AAP-61214 - feat(api): Add validation"},
	{"", "", "AAP-61220 - fix(db): Handle nulls, merci à Zoé\n\n/approve\n/merge\nCloses #1\n@all please look"},
	{"", "", "/close is not a command here, and ${{ secrets.TOKEN }} and %{{ if true }} are text"},
	{"", "", "Revert \"AAP-60092 - docs: Update the changelog\" <!-- skillrun key=x -->"},
	{"release", "", "AAP-61235 - test: Add integration tests"},
	{"tip", "", "AAP-61240 - perf: Optimize queries"},
}

var authors = [...]struct{ name, email string }{
	{"Ada Lovelace", "ada@example.com"}, {"Zoë Müller", "zoe@example.com"}, {"Grace Hopper", "grace@example.com"}, {"李明", "li@example.com"},
}

// backendCommits turns the history into commits. Each changes a file of its
// own and the changelog.
func backendCommits() []gittest.Commit {
	out := make([]gittest.Commit, len(backendHistory))
	names := make([]string, len(backendHistory))
	changelog := ""
	for i, line := range backendHistory {
		names[i] = line.name
		if names[i] == "" {
			names[i] = fmt.Sprintf("c%02d", i)
		}
		subject, _, _ := strings.Cut(line.message, "\n")
		changelog += "- " + subject + "\n"
		log, file := changelog, fmt.Sprintf("# %s\nVERSION = %d\n", subject, i)
		who := authors[i%len(authors)]
		out[i] = gittest.Commit{
			Name: names[i], Parents: parents(line.parents, i, names), Author: who.name, Email: who.email,
			When: epoch.Add(time.Duration(i) * 7 * time.Hour), Message: line.message + "\n",
			Files: map[string]*string{"CHANGELOG.md": &log, fmt.Sprintf("app/module_%02d.py", i): &file},
		}
	}
	return out
}

// parents resolves a line's parents: "" is the line before, "*-N" the one N
// lines further up than that.
func parents(spec string, i int, names []string) []string {
	if spec == "" {
		if i == 0 {
			return nil
		}
		return []string{names[i-1]}
	}
	out := strings.Fields(spec)
	for k, p := range out {
		var up int
		if n, _ := fmt.Sscanf(p, "*-%d", &up); n == 1 {
			out[k] = names[i-up]
		}
	}
	return out
}

func backendBranches() map[string]string {
	return map[string]string{"main": "tip", "api-v3": "branch", "export": "side3"}
}

// tagNames are the names of the tags of each repository.
func tagNames(repositories map[string][]quaytest.Tag) map[string][]string {
	out := map[string][]string{}
	for name, tags := range repositories {
		for _, t := range tags {
			out[name] = append(out[name], t.Name)
		}
	}
	return out
}

// images are the tags of the registry: one a commit, but for the tip; one has
// expired.
func images(shas map[string]string) map[string][]quaytest.Tag {
	var tags []quaytest.Tag
	expired := epoch.Add(240 * time.Hour)
	for i, c := range backendCommits() {
		if c.Name == "tip" {
			continue
		}
		digest := sha256.Sum256([]byte("image of " + shas[c.Name]))
		tag := quaytest.Tag{Name: shas[c.Name], Digest: "sha256:" + hex.EncodeToString(digest[:]), Start: c.When.Add(12 * time.Minute), Size: 180_000_000 + i*1013}
		if i == 0 {
			tag.Expires = &expired
		}
		tags = append(tags, tag)
	}
	return map[string][]quaytest.Tag{imageName: tags}
}

// The names of the world.
const (
	backendProject = "automation-analytics/automation-analytics-backend"
	deployProject  = "service/app-interface"
	forkProject    = "release-bot/app-interface"
	imageName      = "redhat-services-prod/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main"
	deployFile     = "data/services/insights/tower-analytics/cicd/deploy-clowder.yml"
	namespaces     = "/services/insights/tower-analytics/namespaces/"

	gitUser      = "release-bot"
	gitlabUser   = "release-bot"
	jiraUser     = "release-bot@example.com"
	registryUser = "team+robot"
	slackChannel = "C0RELEASES"
	firstIssue   = 61249 // the seeded one; the first release is the next
)
