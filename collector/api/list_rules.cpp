#include "collector/api/list_rules.hpp"

#include "cmdb/shipped_model.hpp"
#include "collector/incident_facts.hpp"

namespace muster::collector {

const ListRules& incident_list() {
    static const ListRules rules{
        .name = "incidents", .parts = 1, .words = incident_words(), .sorts = {"-number"}
    };
    return rules;
}

const ListRules& window_list() {
    static const ListRules rules{
        .name = "windows",
        .parts = 1,
        .words =
            {.fields =
                 {"number", "id", "scope", "state", "reason", "created_by", "ended_by", "covers"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"-number"}
    };
    return rules;
}

ListRules past_ci_list(const cmdb::Model& model) {
    ListRules rules{
        .name = past_cis, .parts = 4, .words = cmdb::ci_vocabulary(model), .sorts = {"name"}
    };
    rules.words.fields.emplace_back("id");
    return rules;
}

ListRules ci_list(const cmdb::Model& model) {
    ListRules rules{
        .name = "cis", .parts = 2, .words = cmdb::ci_vocabulary(model), .sorts = {"name"}
    };
    for (const char* field : {"id", "source", "state", "probes", "open_incidents"}) {
        rules.words.fields.emplace_back(field);
    }
    return rules;
}

const ListRules& probe_list() {
    static const ListRules rules{
        .name = "probes",
        .parts = 4,
        .words =
            {.fields =
                 {"id",
                  "ci",
                  "ci.id",
                  "ci.class",
                  "agent",
                  "agent.id",
                  "type",
                  "name",
                  "origin",
                  "host",
                  "interval",
                  "timeout",
                  "state",
                  "reason",
                  "expected",
                  "seen"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"ci"}
    };
    return rules;
}

const ListRules& agent_list() {
    static const ListRules rules{
        .name = "agents",
        .parts = 2,
        .words =
            {.fields =
                 {"id",
                  "name",
                  "site",
                  "hostname",
                  "version",
                  "address",
                  "state",
                  "probes",
                  "ci",
                  "ci.id"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name"}
    };
    return rules;
}

const ListRules& receipt_list() {
    static const ListRules rules{
        .name = "receipts",
        .parts = 2,
        .words =
            {.fields =
                 {"id",
                  "reason",
                  "text",
                  "rule",
                  "incident",
                  "ci",
                  "ci.id",
                  "ci.class",
                  "probe",
                  "probe.id"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"-at"}
    };
    return rules;
}

const ListRules& audit_list() {
    static const ListRules rules{
        .name = "audit",
        .parts = 1,
        .words =
            {.fields = {"id", "actor", "action", "target", "peer"}, .prefixes = {}, .classes = {}},
        .sorts = {"-id"}
    };
    return rules;
}

const ListRules& user_list() {
    static const ListRules rules{
        .name = "users",
        .parts = 2,
        .words =
            {.fields = {"name", "role", "language", "time_zone", "disabled", "created_by"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name", "-name", "role", "created", "-created", "signed_in", "-signed_in"}
    };
    return rules;
}

const ListRules& token_list() {
    static const ListRules rules{
        .name = "tokens",
        .parts = 2,
        .words =
            {.fields = {"id", "name", "owner", "role", "created_by", "revoked"},
             .prefixes = {},
             .classes = {}},
        .sorts =
            {"created",
             "-created",
             "name",
             "-name",
             "owner",
             "role",
             "expires",
             "-expires",
             "last_used",
             "-last_used"}
    };
    return rules;
}

const ListRules& join_token_list() {
    static const ListRules rules{
        .name = "join-tokens",
        .parts = 2,
        .words =
            {.fields = {"id", "name", "site", "uses", "max_uses", "created_by", "revoked"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"created", "-created", "name", "-name", "site", "expires", "-expires"}
    };
    return rules;
}

const ListRules& backup_list() {
    static const ListRules rules{
        .name = "backups",
        .parts = 2,
        .words =
            {.fields = {"name", "state", "version", "bytes", "files"}, .prefixes = {}, .classes = {}
            },
        .sorts = {"-made", "made", "bytes", "-bytes"}
    };
    return rules;
}

const ListRules& quarantine_list() {
    static const ListRules rules{
        .name = "quarantine",
        .parts = 2,
        .words =
            {.fields = {"id", "agent", "agent.name", "spool", "seq", "why", "bytes"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"-at", "at", "-bytes", "bytes"}
    };
    return rules;
}

const ListRules& policy_list() {
    static const ListRules rules{
        .name = "policies",
        .parts = 2,
        .words =
            {.fields = {"name", "match", "urgency", "hold", "cis", "assigned_probes"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name", "-name", "urgency", "cis", "-cis", "assigned_probes", "-assigned_probes"}
    };
    return rules;
}

const ListRules& threshold_list() {
    static const ListRules rules{
        .name = "thresholds",
        .parts = 2,
        .words =
            {.fields = {"name", "match", "pin", "probe_type", "probe_name", "specificity"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name", "-name", "specificity", "-specificity"}
    };
    return rules;
}

const ListRules& target_list() {
    static const ListRules rules{
        .name = "targets",
        .parts = 2,
        .words =
            {.fields =
                 {"name", "class", "address", "site", "service", "urgency", "hold", "repeats"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name", "-name", "class", "address", "site", "service"}
    };
    return rules;
}

const ListRules& applied_list() {
    static const ListRules rules{
        .name = "applied",
        .parts = 2,
        .words = {.fields = {"name"}, .prefixes = {}, .classes = {}},
        .sorts = {"name", "-name"}
    };
    return rules;
}

const ListRules& channel_list() {
    static const ListRules rules{
        .name = "channels",
        .parts = 2,
        .words =
            {.fields =
                 {"name", "type", "target", "match", "state", "failures", "waiting", "merged"},
             .prefixes = {},
             .classes = {}},
        .sorts = {"name", "-name", "type", "state", "failures", "-failures", "waiting", "-waiting"}
    };
    return rules;
}

}  // namespace muster::collector
