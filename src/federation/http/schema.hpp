// JSON bodies held against the part of JSON Schema (2020-12) that we use.
//
// Why: the schema that the OpenAPI document shows is the one that is checked, so that they cannot differ.
// Keywords: $ref (to #/components/schemas/NAME), type, properties, required, additionalProperties, enum,
// const, minimum, maximum, minLength, maxLength, minItems, maxItems, items, minProperties, maxProperties;
// title, description, default, examples, format, deprecated, readOnly, writeOnly say nothing. Others are
// refused when a schema is added. Narrower than the standard on purpose: "integer" takes no 1.0 and objects
// without `additionalProperties` take no further members.
//
// Pure; a set is read by any number of threads once it is filled. No patterns, no alternatives (oneOf).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "federation/http/problem.hpp"

namespace euromesh::federation {

class SchemaSet {
  public:
    // bad_input: a keyword that we do not check, or one with a wrong value; conflict: the name is taken.
    Status add(const std::string& name, Json schema);
    // Every $ref leads somewhere and none in a circle without going down in the document. Call when filled.
    Status check_references() const;

    bool has(const std::string& name) const { return schemas_.contains(name); }
    // The name must be there. At most `most` faults, in the order of the document; none: it fits.
    std::vector<BodyFault> faults_of(const std::string& name, const Json& document,
                                     std::size_t most = 20) const;
    const std::map<std::string, Json>& all() const { return schemas_; }

  private:
    std::map<std::string, Json> schemas_;
};

}  // namespace euromesh::federation
