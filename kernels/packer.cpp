#include "packer.h"

#include <format>

namespace lapidary::kernels {

Error nanIn(const std::string& name) {
    return {.kind = ErrorKind::Corrupt,
            .sentence = std::format("The tensor {} has codes that stand for no number: download "
                                    "the model's weights again.",
                                    name),
            .detail = {}};
}

} // namespace lapidary::kernels
