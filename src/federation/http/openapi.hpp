// The OpenAPI 3.1 document of an Api.
//
// Every route has its success, its problems and its limits in it. Pure.
#pragma once

#include "base/json.hpp"
#include "federation/http/route.hpp"

namespace euromesh::federation {

// The api must have passed check(). `issuer` is the address of the OpenID Connect issuer for the security
// scheme; empty: bearer tokens without saying from whom.
Json openapi_document(const Api& api, const std::string& issuer);

// Adds GET /openapi.json, which shows also itself. To be called last.
void add_openapi_route(Api& api, const std::string& issuer);

}  // namespace euromesh::federation
