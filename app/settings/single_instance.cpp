#include "single_instance.h"

#include "profile.h"

#include <QDataStream>
#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>

namespace lapidary::app {
namespace {

constexpr int kAnswerMs = 2000;
constexpr qint64 kLargestMessage = 1024LL * 1024;
constexpr char kReceived = 'y';

} // namespace

SingleInstance::SingleInstance(const Profile& profile, QObject* parent)
    : QObject(parent), socketName_(profile.socketName), lock_(profile.lockFile) {
    QDir().mkpath(QFileInfo(profile.lockFile).path());
    // A process that was killed leaves a lock without a process; age alone says nothing.
    lock_.setStaleLockTime(0);
    server_.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&server_, &QLocalServer::newConnection, this, &SingleInstance::receive);
}

SingleInstance::~SingleInstance() = default;

SingleInstance::Role SingleInstance::begin(const QStringList& arguments) {
    if (!lock_.tryLock(0) && lock_.error() == QLockFile::LockFailedError)
        return handOver(arguments) ? Role::Second : Role::Refused;
    // Ours now: a socket that is still there belongs to nobody.
    QLocalServer::removeServer(socketName_);
    server_.listen(socketName_);
    return Role::First;
}

bool SingleInstance::handOver(const QStringList& arguments) const {
    QLocalSocket socket;
    socket.connectToServer(socketName_);
    if (!socket.waitForConnected(kAnswerMs))
        return false;
    QDataStream stream(&socket);
    stream.setVersion(QDataStream::Qt_6_8);
    stream << QDir::currentPath() << arguments;
    char answer = 0;
    return socket.waitForBytesWritten(kAnswerMs) && socket.waitForReadyRead(kAnswerMs)
           && socket.getChar(&answer) && answer == kReceived;
}

void SingleInstance::receive() {
    while (QLocalSocket* socket = server_.nextPendingConnection()) {
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        socket->setReadBufferSize(kLargestMessage);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
            QDataStream stream(socket);
            stream.setVersion(QDataStream::Qt_6_8);
            QString folder;
            QStringList arguments;
            stream.startTransaction();
            stream >> folder >> arguments;
            if (!stream.commitTransaction())
                return;
            socket->putChar(kReceived);
            socket->flush();
            emit argumentsReceived(folder, arguments);
        });
    }
}

} // namespace lapidary::app
