#include "apps/verify/replay.hpp"

namespace euromesh::verify {

Status Replay::apply(const Entry& entry) {
    if (!world_.federation.is_object() && entry.type != "federation.founded")
        return fail(Code::bad_input, "no federation is founded before");
    if (world_.due_back && entry.type != "allocation.credited")
        return fail(Code::bad_input,
                    "claim '{}' had to give way, and the {} that it was charged are not credited",
                    world_.due_back->claim, world_.due_back->amount);
    for (const auto& group : {govern_checks(), access_checks(), decision_checks(), job_checks()})
        for (const Check& check : group)
            if (check.type == entry.type) EM_TRY(check.run(world_, entry));
    return {};
}

}  // namespace euromesh::verify
