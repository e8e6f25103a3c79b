module example.com/gate
