package sandbox

import (
	"fmt"
	"time"

	"github.com/skillrun/skillrun/steps/git/gittest"
)

const (
	bumpBranch = "bump-other-service"
	docsBranch = "describe-rota"
)

// deployCommits is the GitOps repository: the deploy file, and many neighbours
// that no release may touch.
func deployCommits(prod string) []gittest.Commit {
	file := deployText(prod)
	files := neighbours()
	files[deployFile] = &file
	for _, n := range []string{"stage", "prod", "prod-billing", "prod-canary"} {
		text := fmt.Sprintf("---\n$schema: /openshift/namespace-1.yml\n\nname: tower-analytics-%s\ncluster:\n  $ref: /openshift/crc/cluster.yml\n", n)
		files["data"+namespaces+"tower-analytics-"+n+".yml"] = &text
	}
	bumped := "---\nname: service-07\nref: 7777777777777777777777777777777777777777\n"
	rota := "# Rota\n\nSRE looks first, the team second.\n"
	commit := func(name, message string, n int, files map[string]*string, parents ...string) gittest.Commit {
		return gittest.Commit{Name: name, Parents: parents, Author: "App SRE", Email: "app-sre@example.com",
			When: epoch.Add(time.Duration(n) * 31 * time.Hour), Message: message + "\n", Files: files}
	}
	readme := "# app-interface\n\nWhat runs where.\n"
	return []gittest.Commit{
		commit("import", "Import services", 0, files),
		commit("master", "Describe the repository", 1, map[string]*string{"README.md": &readme}, "import"),
		commit("bump", "Bump the image of another service", 2, map[string]*string{"data/services/area-03/service-07/deploy.yml": &bumped}, "master"),
		commit("docs", "Describe the on-call rota", 3, map[string]*string{"docs/rota.md": &rota}, "master"),
	}
}

func deployBranches() map[string]string {
	return map[string]string{"master": "master", bumpBranch: "bump", docsBranch: "docs"}
}

// neighbours are the files of other services.
func neighbours() map[string]*string {
	out := map[string]*string{}
	for area := range 10 {
		for service := range 30 {
			text := fmt.Sprintf("---\nname: service-%02d\nowner: team-%02d\nref: %040x\n", service, area, area*1000+service)
			out[fmt.Sprintf("data/services/area-%02d/service-%02d/deploy.yml", area, service)] = &text
		}
	}
	return out
}

// deployText is a deploy file of the real shape: targets of several stages,
// a canary of a similar name, comments, folded text, parameters.
func deployText(prod string) string {
	return `---
$schema: /app-sre/saas-file-2.yml

labels:
  service: tower-analytics
  platform: insights

name: tower-analytics-clowder
description: >-
  Deploys the backend of Automation Analytics
  with Clowder; see "ref" of each target: stage follows main,
  production is set by releases
app:
  $ref: /services/insights/tower-analytics/app.yml

pipelinesProvider:
  $ref: /services/insights/pipelines/tekton.insights.pipelines.yaml

slack:
  workspace:
    $ref: /dependencies/slack/coreos.yml
  channel: team-automation-analytics   # don't page, it's only a feed

managedResourceTypes:
- ClowdApp
- Service

imagePatterns:
- quay.io/redhat-services-prod/aap-aa-tenant/aap-aa-main

resourceTemplates:
- name: tower-analytics-clowdapp
  path: /deploy/clowdapp.yml
  url: https://github.com/example/automation-analytics-backend
  parameters:
    LOG_LEVEL: INFO
  targets:
  - namespace:
      $ref: ` + namespaces + `tower-analytics-stage.yml
    ref: main
    parameters:
      REPLICAS_API: 1
    promotion:
      publish:
      - automation-analytics-stage-deploy-success-channel
  # Production: full commit SHAs only.
  - namespace:
      $ref: ` + namespaces + `tower-analytics-prod.yml
    ref: ` + prod + `
    parameters:
      REPLICAS_API: 3
      BUNDLES_BUCKET_NAME: insights-ingress-prod # "not used" ??
      BUNDLES_SECRET_NAME: upload-s3 # still": used?
  - namespace:
      $ref: ` + namespaces + `tower-analytics-prod-canary.yml
    ref: ` + prod + `   # follows by itself
    parameters:
      REPLICAS_API: 1  # a single replica
- name: tower-analytics-billing-clowdapp
  path: /deploy/clowdapp-billing.yml
  url: https://github.com/example/automation-analytics-backend
  targets:
  - namespace:
      $ref: ` + namespaces + `tower-analytics-prod-billing.yml
    ref: "` + prod + `"
    parameters: {REPLICAS_API: 2, 'BILLING_MODE': "full"}
`
}
