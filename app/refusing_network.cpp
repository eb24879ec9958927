#include "refusing_network.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>

#include <memory>

namespace lapidary::app {
namespace {

class RefusingManager final : public QNetworkAccessManager {
public:
    using QNetworkAccessManager::QNetworkAccessManager;

protected:
    QNetworkReply* createRequest(Operation operation, const QNetworkRequest&,
                                 QIODevice* data) override {
        // An address without a scheme ends in an error reply before anything is opened.
        return QNetworkAccessManager::createRequest(operation, QNetworkRequest(), data);
    }
};

} // namespace

QNetworkAccessManager* RefusingNetwork::create(QObject* parent) {
    return std::make_unique<RefusingManager>(parent).release(); // the parent owns it
}

} // namespace lapidary::app
