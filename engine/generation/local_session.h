#pragma once

#include "generation/context.h"
#include "generation/image_features.h"
#include "generation/local_model.h"
#include "generation/reply.h"
#include "generation/reply_memory.h"
#include "session.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace lapidary::engine {

/// A conversation with a model of this process.
class LocalSession final : public Session {
public:
    LocalSession(std::shared_ptr<LocalModel> model, Context context);
    ~LocalSession() override;

    Finished generate(const Request& request, const EventSink& sink) override;
    [[nodiscard]] Expected<ContextUse> measure(const Request& request) override;

private:
    /// A request as the model reads it.
    struct Asked {
        TokenSequence tokens;
        std::vector<ImagePart> images;     // of tokens.images(), with their budgets
        std::vector<WrittenReply> written; // [messages]
        StreamStart start = StreamStart::Answer;
        int systemTokens = 0;
    };

    [[nodiscard]] Finished run(const Request& request, const EventSink& sink);
    [[nodiscard]] Expected<Asked> ask(const Request& request);
    [[nodiscard]] Expected<bool> prefill(const Request& request, const Asked& asked, int reused,
                                         const EventSink& sink);
    [[nodiscard]] Expected<FinishReason> decode(const Request& request, Reply& reply,
                                                Statistics& statistics);
    void remember(const Request& request, const Asked& asked, ReplyMemory::Reply reply);

    std::shared_ptr<LocalModel> model_;
    Context context_;
    ImageFeatures features_;
    ReplyMemory replies_;
};

} // namespace lapidary::engine
