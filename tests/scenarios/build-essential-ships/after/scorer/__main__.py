print('scorer')
