// SPDX-License-Identifier: MIT
// Where a name is declared, and where else it is used.
#include <string.h>

#include "parser.h"
#include "server.h"

json_t* lsp_definition(lsp_request_t* request) {
    uint32_t offset;
    lsp_part_t part;
    const lsp_analysis_t* analysis = lsp_request_place(request, &offset);
    if (analysis == NULL || !lsp_find_part(analysis, &request->arena, offset, &part) ||
        part.target.source == NULL) {
        return NULL;
    }
    lsp_mark_t mark = {0};
    return lsp_location(request->server, analysis, part.target, &mark);
}

// Collects the places of one name.
typedef struct collector {
    lsp_request_t* request;
    const lsp_analysis_t* analysis;
    const lsp_part_t* wanted;
    bool takes_declaration;
    const lsp_file_t* file;  // that is gone through
    lsp_mark_t mark;         // in it
    json_t* out;
    bool is_highlight;
} collector_t;

static bool is_same_place(bc_place_t a, bc_place_t b) {
    return a.source == b.source && a.offset == b.offset;
}

static bool collect(void* context, const lsp_part_t* part) {
    collector_t* collector = context;
    const lsp_server_t* server = collector->request->server;
    const lsp_part_t* wanted = collector->wanted;
    if (part->entity != wanted->entity || !bc_text_equal(part->name, wanted->name) ||
        (!collector->takes_declaration && is_same_place(part->place, part->target))) {
        return true;
    }
    json_t* range =
        lsp_range(server, collector->file, part->place.offset, part->place.size, &collector->mark);
    json_array_append_new(
        collector->out, collector->is_highlight
                            ? json_pack("{s:o}", "range", range)
                            : json_pack("{s:s,s:o}", "uri", collector->file->uri, "range", range));
    return true;
}

static lsp_visit_t visit_of(collector_t* collector) {
    return (lsp_visit_t){&collector->analysis->compiler.symbols, &collector->request->arena,
                         collect, collector};
}

static void collect_rules(collector_t* collector, const bc_rules_t* rules, const lsp_file_t* file) {
    const lsp_visit_t visit = visit_of(collector);
    collector->file = file;
    collector->mark = (lsp_mark_t){0};
    lsp_visit_rules(&visit, rules);
}

static void collect_library(collector_t* collector, const bc_library_t* library) {
    const lsp_visit_t visit = visit_of(collector);
    collector->file = lsp_analysis_file(collector->analysis, library->name.place);
    collector->mark = (lsp_mark_t){0};
    lsp_visit_library(&visit, library);
}

// Rules that are open, other than those of the analysis.
static void collect_open_rules(collector_t* collector) {
    bc_diagnostics_t unheard = {.arena = &collector->request->arena};
    const lsp_workspace_t* workspace = &collector->request->server->workspace;
    for (const lsp_file_t* file = workspace->files; file != NULL; file = file->next) {
        if (!file->is_open || file->is_library || file == collector->analysis->file) {
            continue;
        }
        const bc_source_t* source = bc_source_from_text(
            &unheard, file->path, 0, file->text.bytes.data, file->text.bytes.size);
        if (source != NULL) {
            collect_rules(collector, bc_parse_rules(&unheard, source, &workspace->config->options),
                          file);
        }
    }
}

static void collect_own(collector_t* collector) {
    const lsp_analysis_t* analysis = collector->analysis;
    if (analysis->library != NULL) {
        collect_library(collector, analysis->library);
    } else if (analysis->compiler.rules != NULL) {
        collect_rules(collector, analysis->compiler.rules, analysis->file);
    }
}

// The document asked about comes first.
json_t* lsp_references(lsp_request_t* request) {
    uint32_t offset;
    lsp_part_t part;
    const lsp_analysis_t* analysis = lsp_request_place(request, &offset);
    if (analysis == NULL || !lsp_find_part(analysis, &request->arena, offset, &part)) {
        return NULL;
    }
    const json_t* context = json_object_get(request->params, "context");
    collector_t collector = {
        .request = request,
        .analysis = analysis,
        .wanted = &part,
        .takes_declaration = json_is_true(json_object_get(context, "includeDeclaration")),
        .out = json_array()};
    collect_own(&collector);
    for (const bc_library_t* library = analysis->compiler.symbols.libraries; library != NULL;
         library = library->next) {
        if (library != analysis->library) {
            collect_library(&collector, library);
        }
    }
    collect_open_rules(&collector);
    return collector.out;
}

json_t* lsp_highlight(lsp_request_t* request) {
    uint32_t offset;
    lsp_part_t part;
    const lsp_analysis_t* analysis = lsp_request_place(request, &offset);
    if (analysis == NULL || !lsp_find_part(analysis, &request->arena, offset, &part)) {
        return NULL;
    }
    collector_t collector = {.request = request,
                             .analysis = analysis,
                             .wanted = &part,
                             .takes_declaration = true,
                             .out = json_array(),
                             .is_highlight = true};
    collect_own(&collector);
    return collector.out;
}
