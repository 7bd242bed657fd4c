// Subcommands that call the coordinator: what all of them have, once.
#pragma once

#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "base/json.hpp"

namespace euromesh::apps {

// Arguments has `coordinator` and `json`.
template <class Arguments>
CLI::App* add_api_command(CLI::App& root, Context& context, const char* name, const char* help,
                          const std::shared_ptr<Arguments>& arguments,
                          Status (*function)(const Arguments&, const Clock&)) {
    CLI::App* command = root.add_subcommand(name, help);
    command->add_option("--coordinator", arguments->coordinator,
                        "its URL; default: the one logged in at, or of 'up'");
    command->add_flag("--json", arguments->json, "the document as JSON");
    command->callback([arguments, function, &context] {
        context.chosen = [arguments, function, &context] { return function(*arguments, context.clock); };
    });
    return command;
}

// The document with --json, else what people read of it.
template <class Arguments>
void print(const Arguments& arguments, const Json& document, const std::string& text) {
    const std::string shown = arguments.json ? document.dump(2) + "\n" : text;
    std::fputs(shown.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace euromesh::apps
