package poll

var kinds = []kind{{"epoll", newEpoll}, {"poll", newPollSet}, {"net", newNetPoller}}
