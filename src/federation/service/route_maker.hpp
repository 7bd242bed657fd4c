// Routes of one group, made with little writing. Internal to the API's files.
#pragma once

#include "federation/service/api.hpp"

namespace euromesh::federation {

class RouteMaker {
  public:
    using Function = void (*)(ApiContext&, HttpCall&, const Responder&);
    RouteMaker(Api& api, ApiContext& context, std::string tag)
        : api_(api), context_(context), tag_(std::move(tag)) {}

    // The route, to be filled in further. No scope: public.
    Route& add(HttpMethod method, std::string pattern, std::string id, std::string summary,
               std::optional<Scope> scope, Function function) {
        Route made;
        made.method = method;
        made.pattern = std::move(pattern);
        made.id = std::move(id);
        made.summary = std::move(summary);
        made.tag = tag_;
        if (scope) made.scope = name_of(*scope);
        made.handler = [&context = context_, function](HttpCall& call, const Responder& responder) {
            function(context, call, responder);
        };
        api_.routes.push_back(std::move(made));
        return api_.routes.back();
    }
    // With a JSON body.
    Route& post(std::string pattern, std::string id, std::string summary, std::optional<Scope> scope,
                std::string schema, std::size_t body_limit, Function function) {
        Route& made =
            add(HttpMethod::post, std::move(pattern), std::move(id), std::move(summary), scope, function);
        made.request_schema = std::move(schema);
        made.body_limit = body_limit;
        return made;
    }
    Route& get(std::string pattern, std::string id, std::string summary, std::optional<Scope> scope,
               Function function) {
        return add(HttpMethod::get, std::move(pattern), std::move(id), std::move(summary), scope, function);
    }

  private:
    Api& api_;
    ApiContext& context_;
    std::string tag_;
};

}  // namespace euromesh::federation
